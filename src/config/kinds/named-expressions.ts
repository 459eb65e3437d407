import { IDENTITY_MEMBERS } from '../../identity/identity-document.ts'
import { advise } from '../../identity/jmespath-advice.ts'
import { membersIn } from '../../identity/jmespath-members.ts'
import type { Expression } from '../../identity/jmespath.ts'
import { normalName, whyNotOurs } from '../../proxy/names.ts'
import { Problem, readEach } from '../config-error.ts'
import { expression, remarkOn } from './expression.ts'
import { asText, nameOf, Repeated, type Kind } from './kind.ts'

export interface NamedExpression {
  readonly name: string
  readonly expression: Expression
}

type Given = Readonly<Record<string, string>> | readonly string[] | string

const SHAPE = 'name=jmespath'
/** Longer ones no server takes for granted, nor any app needs. */
const LONGEST_NAME = 100

/** Headers for the app: `X-WEBAUTH-USER=login`, or in a file a map. */
export const headers: Kind<readonly NamedExpression[], Given> = {
  shape: SHAPE,
  repeatable: true,
  parse: raw => {
    const list = readEach(pairsOf(raw, 'X-WEBAUTH-USER=login'), ([name, text]) => {
      const why = name.length > LONGEST_NAME ? 'is longer than any header should be' : whyNotOurs(name)
      if (why !== undefined) throw new Problem(`: ${JSON.stringify(name)} ${why}`, 'Choose another name, like X-WEBAUTH-USER, Remote-User or X-Acme-Person.')
      return named(name, text, checkMember)
    })
    return unique(list, normalName, 'is the same header to many apps (they read _ and . as -, in any case)')
  },
  remark: raw => remarksOn(headers.parse(raw))
}

/** Claims to keep: `department=org.department`, or in a file a map. */
export const claims: Kind<readonly NamedExpression[], Given> = {
  shape: SHAPE,
  repeatable: true,
  parse: raw => {
    const list = readEach(pairsOf(raw, 'department=org.department'), ([name, text]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) || name === '__proto__') throw new Problem(`: ${JSON.stringify(name)} is no name for a claim`, 'Begin it with a letter, and use letters, digits, _ and -, 64 at most.')
      return named(name, text)
    })
    return unique(list, name => name, 'is the name of another claim already')
  },
  remark: raw => remarksOn(claims.parse(raw))
}

/** A text is one pair, because expressions have commas. Several are JSON, a list or a map, or a flag that is given several times. */
function pairsOf (raw: unknown, example: string): [name: string, text: string][] {
  const values = raw instanceof Repeated ? raw.values : [raw]
  const pairs = values.flatMap(value => {
    const data = typeof value === 'string' && /^\s*[[{]/.test(value) ? json(value) : value
    if (Array.isArray(data)) return data.map(item => pairOf(item, example))
    if (typeof data !== 'object' || data === null) return [pairOf(data, example)]
    return Object.entries(data).map(([name, text]): [string, string] => [name.trim(), typeof text === 'string' ? text : refuse(`: ${name} must be an expression, not ${nameOf(text)}`, `Write ${example.replace('=', ': ')}.`)])
  })
  return pairs.length > 0 ? pairs : refuse('is an empty list', 'Name at least one, or leave the setting out.')
}

function pairOf (item: unknown, example: string): [name: string, text: string] {
  const text = asText(item)
  const equals = text.indexOf('=')
  if (equals === -1) throw new Problem('has no =, which stands between a name and an expression', `Write ${example}.`)
  return [text.slice(0, equals).trim(), text.slice(equals + 1)]
}

function json (text: string): unknown {
  try { return JSON.parse(text) } catch {
    throw new Problem('begins like JSON and is none', 'Write one NAME=EXPRESSION, or {"NAME": "EXPRESSION"}.')
  }
}

function named (name: string, text: string, check?: (expression: Expression) => void): NamedExpression {
  try {
    const parsed = expression.parse(text)
    check?.(parsed)
    return Object.freeze({ name, expression: parsed })
  } catch (error) {
    if (error instanceof Problem) throw new Problem(`: ${name}${error.message.startsWith(':') ? '' : ' '}${error.message}`, error.fix)
    throw error
  }
}

function remarksOn (list: readonly NamedExpression[]): string | undefined {
  const said = list.flatMap(({ name, expression: { text } }) => {
    const remark = remarkOn(text)
    return remark === undefined ? [] : [`${name} ${remark}`]
  })
  return said.length === 0 ? undefined : `: ${said.join('; ')}`
}

/** What an expression asks of the identity, which has the same members for everybody: a misspelled one is nothing, and a rule or header by it too. @throws {Problem} */
export function checkMember ({ text }: Expression): void {
  const meant = membersIn(advise(text)?.corrected ?? text) // what is probably not meant at all is told with its correction
  const strange = membersIn(text).find(name => meant.includes(name) && !IDENTITY_MEMBERS.some(member => member === name))
  if (strange === undefined) return
  const kept = /^[A-Za-z_]\w*$/.test(strange) ? `--claim=${strange}=${strange}, and then claims.${strange}` : `--claim=other='"${strange}"', and then claims.other`
  throw new Problem(`asks for ${strange}, and an identity has no such member`, `It has ${IDENTITY_MEMBERS.join(', ')}; a text stands in apostrophes. Any other claim can be kept: ${kept}.`)
}

function unique (list: readonly NamedExpression[], normal: (name: string) => string, why: string): readonly NamedExpression[] {
  const again = list.find(({ name }, index) => list.findIndex(other => normal(other.name) === normal(name)) < index)
  if (again !== undefined) throw new Problem(`has ${again.name} twice: it ${why}`, 'Keep one of them.')
  return Object.freeze(list)
}

function refuse (message: string, fix: string): never {
  throw new Problem(message, fix)
}
