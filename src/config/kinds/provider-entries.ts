import { Problem } from '../config-error.ts'
import { nameOf, type Kind } from './kind.ts'

/** One of `providers:` as it was written: its own two keys, and settings by their keys in a file. */
export interface ProviderEntry {
  readonly id: string
  readonly userPrefix?: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** Written in files and code only: a list of `{ id, oauth_provider, oauth_key, … }`. */
export const providerEntries: Kind<readonly ProviderEntry[], readonly Readonly<Record<string, unknown>>[]> = {
  shape: 'providers',
  parse: raw => {
    if (!Array.isArray(raw)) throw new Problem(`must be a list, not ${nameOf(raw)}`)
    if (raw.length === 0) throw new Problem('is an empty list', 'Name one provider at least, or leave it out.')
    const entries = raw.map(readEntry)
    const again = entries.find(({ id }, index) => entries.findIndex(entry => entry.id === id) < index)
    if (again !== undefined) throw new Problem(`has the id “${again.id}” twice`, 'Give each provider an id of its own: sessions, headers and rules know it by that.')
    return Object.freeze(entries)
  }
}

/** Code writes `oauthKey` where a file has `oauth_key`. */
function asFileKey (key: string): string {
  return key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

function readEntry (item: unknown, index: number): ProviderEntry {
  const which = `: provider ${index + 1}`
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Problem(`${which} must be an object, not ${nameOf(item)}`)
  const { id, user_prefix: userPrefix, ...settings } = Object.fromEntries(Object.entries(item).map(([key, value]) => [asFileKey(key), value]))
  const named = id ?? settings['oauth_provider']
  if (typeof named !== 'string' || !/^[a-z0-9][a-z0-9_-]{0,39}$/.test(named.toLowerCase())) throw new Problem(`${which} needs an id of letters, digits, - and _`, 'Write id: work. It is part of addresses and headers, and stays for good.')
  if (userPrefix !== undefined && (typeof userPrefix !== 'string' || userPrefix.trim() === '' || /\p{Cc}/u.test(userPrefix))) throw new Problem(`${which} has a user_prefix that is no text`)
  return Object.freeze({ id: named.toLowerCase(), ...userPrefix === undefined ? {} : { userPrefix }, settings })
}
