import { Problem } from '../config-error.ts'

const ON = new Set(['1', 't', 'T', 'true', 'TRUE', 'True', 'yes', 'YES', 'Yes', 'y', 'on', 'ON', 'On'])
const OFF = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False', 'no', 'NO', 'No', 'n', 'off', 'OFF', 'Off'])

/** Grafana's words; any other would be its default there, whatever was meant. @throws {Problem} */
export function readFlag (text: string): boolean {
  if (ON.has(text)) return true
  if (OFF.has(text)) return false
  throw new Problem('must be true or false', 'Write one of 1, t, true, yes, y, on, or one of 0, f, false, no, n, off.')
}

/**
 * `a b`, `a, b`, `"a b", c`, `["a b", "c"]`.
 *
 * @returns the items; none where the list says itself that it is empty
 * @throws {Problem} it begins as JSON and is none, which to Grafana is an empty list and so holds nobody back; or there is nothing in it
 */
export function readList (text: string): readonly string[] {
  if (text.trimStart().startsWith('[')) return jsonList(text)
  const found = [...text.matchAll(/"([^"]+)"|([^\s,]+)/g)].map(([, quoted, bare = '']) => (quoted ?? bare).replace(/^"+|"+$/g, ''))
  if (found.length === 0) throw new Problem('has separators and no items', 'Name at least one, or leave the value empty.')
  return found
}

function jsonList (text: string): readonly string[] {
  let list: unknown
  try { list = JSON.parse(text) } catch { /* told below */ }
  if (!Array.isArray(list) || !list.every((item): item is string => typeof item === 'string')) throw new Problem('begins like a JSON list and is no list of texts', 'Write ["one", "two"], or one, two.')
  return list
}
