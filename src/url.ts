/** A part of a host's name between two dots, in lower case (RFC 1123 §2.1), as the source of an expression. */
export const HOST_LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'

/**
 * The one way to read an address that may be none. `URL.canParse` must not be asked: on Node 20, once it is compiled, its answer for
 * text with characters from 0x80 to 0xFF is another one than before, and than the constructor's.
 *
 * @returns null for what is no absolute URL, or none from `base` (WHATWG URL Standard §4.4)
 */
export function parseUrl (text: string, base?: string | URL): URL | null {
  try {
    return new URL(text, base)
  } catch {
    return null
  }
}
