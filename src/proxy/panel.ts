/** By these a client tells Bokeh which session is its own, and with a token all that the app knows of it: its headers and cookies too. */
const QUERY = new Set(['bokeh-token', 'bokeh-session-id'])
const ENCODED = /%([0-9a-f]{2})/gi

/** Names of headers that no client says to an app of Bokeh's, as `normalName` writes them. */
export const sessionHeaders: readonly string[] = ['bokeh-session-id']

/** Tornado reads a form's fields as if they stood in the query, whatever the method: without its type the body of a GET is no form. */
export const sessionHeadersOfGet: readonly string[] = [...sessionHeaders, 'content-type']

/**
 * A target without the parameters by which a link could put somebody into a session of another's choice. All other bytes stay.
 * The websocket's own token, among its subprotocols, is none of these: the page gave it to the browser.
 *
 * @param target as it came
 */
export function withoutSessionParameters (target: string): string {
  const start = target.indexOf('?')
  if (start === -1 || !/bokeh|%/i.test(target)) return target
  const parts = target.slice(start + 1).split(/([&;])/) // `;` separated too, to Pythons before 3.10
  const kept: string[] = []
  for (let at = 0; at < parts.length; at += 2) {
    const part = parts[at] as string
    if (!QUERY.has(nameOf(part))) kept.push(part, parts[at + 1] ?? '')
  }
  if (kept.length === parts.length + 1) return target
  const left = kept.join('').slice(0, kept.at(-1) === '' ? undefined : -1) // what separated it from one that went
  return left === '' && kept.length === 0 ? target.slice(0, start) : `${target.slice(0, start)}?${left}`
}

function nameOf (part: string): string {
  const [name = ''] = part.split('=', 1)
  return name.replaceAll(ENCODED, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}
