import { GateError } from '../errors.ts'

/** Characters below which a text would be found in words that do not repeat it. */
const SHORTEST = 6

/**
 * Has a provider's answer read so that a failure does not repeat what is secret: an answer may have it in the address of a redirect, a
 * content type, or any claim that is quoted because it is not the right one.
 *
 * @throws what `read` throws, without the secrets in its message
 */
export async function discreetly<T> (secrets: readonly (string | undefined)[], read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof GateError) error.message = secrets.reduce<string>(without, error.message)
    throw error
  }
}

/** In any case: an URL and a content type are written in lower case. */
function without (text: string, secret = ''): string {
  if (secret.length < SHORTEST) return text
  return [secret, encodeURIComponent(secret)].reduce((clean, spelled) => {
    const parts: string[] = []
    let from = 0
    for (let at = lower(clean).indexOf(lower(spelled)); at !== -1; at = lower(clean).indexOf(lower(spelled), from)) {
      parts.push(clean.slice(from, at))
      from = at + spelled.length
    }
    return [...parts, clean.slice(from)].join('[redacted]')
  }, text)
}

/** As long as it was, letter by letter. */
function lower (text: string): string {
  return text.replace(/[A-Z]/g, letter => letter.toLowerCase())
}
