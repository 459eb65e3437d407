import { isIP } from 'node:net'
import { parseUrl } from '../../url.ts'
import { isHostName } from './addresses.ts'
import { Problem } from '../config-error.ts'
import { nameOf } from './kind.ts'

/** The members of an object that may have no others. @throws {Problem} */
export function members (item: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Problem(`must be an object, not ${nameOf(item)}`)
  const unknown = Object.keys(item).find(key => !known.includes(key))
  if (unknown !== undefined) throw new Problem(`has the key “${unknown}”, which nobody knows`, `Known are ${known.slice(0, -1).join(', ')} and ${known.slice(-1).join()}.`)
  return Object.fromEntries(Object.entries(item))
}

/** A list that names something, each thing once. @param what in the plural @throws {Problem} */
export function listOf (raw: unknown, what: string, fix: string): readonly string[] {
  if (!Array.isArray(raw) || raw.length === 0) throw new Problem(Array.isArray(raw) ? `has an empty list of ${what}` : `has ${what} that are ${nameOf(raw)} and not a list`, fix)
  const texts = raw.map((item: unknown) => {
    if (typeof item !== 'string' || item === '') throw new Problem(`has one of its ${what} that is not a text`)
    if (item !== item.trim()) throw new Problem(`has “${item}” among its ${what}, with a space at its beginning or end`, 'Take the space out.')
    return item
  })
  return Object.freeze([...new Set(texts)])
}

/** One text stands for a list of it. @throws {Problem} */
export function oneOrMore (raw: unknown, what: string, fix: string): readonly string[] {
  return listOf(typeof raw === 'string' ? [raw] : raw, what, fix)
}

/** A host, lower case, or with `*.` in front what is below it. @throws {Problem} */
export function readHost (text: string): string {
  const host = text.toLowerCase()
  const name = host.replace(/^\*\./, '')
  const bad = (why: string, fix = 'Write app.example.com, or *.example.com for what is below it.') => new Problem(`has the host “${text}”, ${why}`, fix)
  if (/^[a-z]+:\/\/|\//.test(host)) throw bad('which must have no scheme and no path')
  if (/:\d+$/.test(host) && (host.startsWith('[') || isIP(host) !== 6)) throw bad('which must have no port', `Write ${host.replace(/:\d+$/, '')}: a rule is for a host, on whichever port.`)
  if (name.includes('*')) throw bad('where * may only stand in front, as *.')
  if (isIP(name) === 6 || /^\[.*\]$/.test(name)) return name === host ? address6(name) ?? refuse() : refuse()
  const ascii = /[^\x00-\x7f]/.test(name) ? parseUrl(`http://${name}`)?.hostname : undefined
  if (ascii !== undefined) throw bad('which browsers write in ASCII', `Write ${host === name ? '' : '*.'}${ascii}.`)
  if (!isHostName(name) || name.endsWith('.') || (isIP(name) !== 0 && name !== host)) refuse()
  return host
  function refuse (): never { throw bad('which is none') }
}

/** As browsers write it in `Host` (RFC 5952 in brackets). */
function address6 (name: string): string | undefined {
  return parseUrl(`http://[${name.replace(/^\[|\]$/g, '')}]`)?.hostname
}
