import { compatible, seen, steps, withoutStream } from './spellings.ts'

/** Bounds the work that one request can ask for; nothing that people use comes near. */
const limits = { length: 4_096, readings: 80, characters: 24_576 }

const suspect = /[^A-Za-z0-9_~!&'()*+,=:@./-]|\/\/|\.(?:\/|$)/
/** Encoded though no client has a reason to, and so perhaps decoded by one server and not by the next. */
const needless = /%(?:2[1789ade]|3\d|4[1-9a-f]|5[0-9abdf]|6[1-9a-f]|7[0-9ae])/i
/** `$ & + , : = @`, which are encoded and not, as one likes (RFC 3986 §2.2 takes the two for different). */
const atWill = /%(?:2[46bc]|3[ad]|40)/i
const severalReadings = /[\x00-\x1f\x7f-\x9f\\#?;%]|\/\/|[\s.](?:\/|$)|\/\s/

/**
 * All that some server could take a path for.
 *
 * @param path as it stood in the request line, before the `?`, one character a byte
 * @returns one reading, percent-decoded, for a plain path. For any other also the path itself, so there are several.
 *   null where there are too many to judge, or one climbs above the root: to be refused
 */
export function readings (path: string): readonly string[] | null {
  return simpleReadings(path) ?? allReadings(path)
}

/** Whether every server can be trusted to read the path alike, but for what may be encoded or not as one likes. */
export function isPlain (path: string): boolean {
  return simpleReadings(path) !== null
}

function simpleReadings (path: string): readonly string[] | null {
  if (!path.startsWith('/')) return null
  if (!suspect.test(path)) return [path]
  if (path.length > limits.length || /[^\x21-\x7e]|%2f/i.test(path) || needless.test(path)) return null
  const reading = decode(path)
  if (reading === null || severalReadings.test(reading)) return null
  if (reading.includes('$') && reading.split('/').some(segment => withoutStream(segment) !== segment)) return null
  if (compatible(reading) !== reading || seen(reading) !== reading) return null
  return atWill.test(path) ? [path, reading] : [reading]
}

function decode (path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

function allReadings (path: string): readonly string[] | null {
  if (!path.startsWith('/') || path.length > limits.length) return null
  const found = new Set([path])
  let characters = 0
  for (const reading of found) { // a Set's iterator also visits what is added meanwhile
    characters += reading.length
    if (characters > limits.characters) return null
    for (const step of steps) {
      const next = step(reading)
      if (next === null) return null
      found.add(next.startsWith('/') ? next : '/' + next)
    }
    if (found.size > limits.readings) return null
  }
  return [...found]
}
