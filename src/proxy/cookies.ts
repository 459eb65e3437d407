import { perConnection } from '../per-connection.ts'

/** Whether a cookie of this name belongs to the gate. */
export type IsOurs = (name: string) => boolean

/** The same text where none of the cookies is ours, however an app might read it; otherwise the others, joined anew (RFC 6265 §4.2.1). */
export function withoutOurs (cookie: string, isOurs: IsOurs): string {
  const pairs = cookie.split(';')
  const others = pairs.filter(isOdd(cookie) ? pair => !cookieNames(pair).some(isOurs) : pair => !isOurs(cookieName(pair)))
  return others.length === pairs.length ? cookie : others.map(pair => pair.trim()).filter(pair => pair !== '').join('; ')
}

/** Rare enough for the longer look: anything but names, values and `; `. By two searches, which are ten times as fast as one for either. */
const isOdd = (cookie: string): boolean => /[^;]\s/.test(cookie) || /["$\x1c-\x1f\x85]/.test(cookie)
/** Python strips what no standard calls white space, and its SimpleCookie takes it for the end of a pair too; quotes and `$` are what older parsers leave out of a name. */
const NAME = /(?:^|[\s\x1c-\x1f\x85"])\$*([^\s\x1c-\x1f\x85"$=]+)[\s\x1c-\x1f\x85"]*=/g

/** Every name that some app could read in what stands between two semicolons. */
function cookieNames (pair: string): string[] {
  return [cookieName(pair), ...Array.from(pair.matchAll(NAME), ([, name = '']) => name)]
}

function cookieName (pair: string): string {
  const equals = pair.indexOf('=')
  return (equals === -1 ? pair : pair.slice(0, equals)).trim()
}

/** The same, worked out once for what a connection brings again and again. */
export const othersIn = perConnection(withoutOurs)
