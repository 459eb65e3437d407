import { Problem } from '../config-error.ts'
import { nameOf, type Kind } from './kind.ts'
import { parsePythonLiteral } from './python-literal.ts'

/** Parameters by name, as the text that stands in a URL. */
export type Params = Readonly<Record<string, string>>

const bareWords = /^\{\s*[\w.-]+\s*:[^{}[\]'",]*(?:,\s*[\w.-]+\s*:[^{}[\]'",]*)*,?\s*\}$/

/** A dict: JSON, else a Python literal as Panel has it, else `{tenant:x}`, which is what a shell leaves of one without quotes around it. */
export const literal: Kind<Params, Readonly<Record<string, unknown>> | string> = {
  shape: 'dict',
  emptyAllowed: true,
  parse: raw => params(typeof raw === 'string' ? read(raw.trim()).value : raw),
  remark: raw => typeof raw === 'string' && read(raw.trim()).bare ? 'has no quotes inside, probably because a shell took them: its words are taken as texts; put the whole value in quotes' : undefined
}

function read (text: string): { value: unknown, bare: boolean } {
  if (text === '') return { value: {}, bare: false }
  try { return { value: JSON.parse(text), bare: false } } catch { /* Python's turn */ }
  try { return { value: parsePythonLiteral(text), bare: false } } catch (error) {
    if (bareWords.test(text)) return { value: words(text), bare: true }
    throw error instanceof Problem ? new Problem(error.message, 'Write a dict in quotes: "{\'tenant\': \'x\'}". Python literals and JSON are both read.') : error
  }
}

function words (text: string): Params {
  const pairs = text.slice(1, -1).split(',').filter(pair => pair.trim() !== '')
  return Object.fromEntries(pairs.map(pair => {
    const colon = pair.indexOf(':') // the value may be an address
    return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()]
  }))
}

function params (value: unknown): Params {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Problem(`must be a dict, not ${nameOf(value)}`, 'Write "{\'tenant\': \'x\'}", in quotes.')
  const flat: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, member] of Object.entries(value)) {
    if (name === '') throw new Problem('has a parameter without a name')
    const text = asParameter(name, member)
    if (text !== undefined) flat[name] = text
  }
  return Object.freeze(flat)
}

/** Lists are separated by spaces, as OAuth's own are (RFC 6749 §3.3); objects go as JSON (OpenID Connect Core §5.5). None is left out. */
function asParameter (name: string, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value) ? refuse(name, 'is not proper Unicode') : value
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)) ? String(value) : refuse(name, 'is a number that cannot be kept exactly; write it in quotes')
  if (Array.isArray(value)) return value.map(item => typeof item === 'object' ? refuse(name, 'is a list of more than texts and numbers') : asParameter(name, item)).join(' ')
  return JSON.stringify(value, (_, member: unknown) => typeof member === 'bigint' ? refuse(name, 'has a number that cannot be kept exactly') : member)
}

function refuse (name: string, why: string): never {
  throw new Problem(`: the parameter ${name} ${why}`)
}
