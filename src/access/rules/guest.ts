import { everyPath, parsePrefix, type Prefix } from './prefix.ts'

/** What a page of Bokeh asks for directly below its own path. */
const PARTS = ['ws', 'metadata', 'autoload.js']

/** A path that is open by itself: with the three things that such a page needs, or by `/*` with everything below it. */
export interface GuestEndpoint {
  /** `/app` or `/pub/*`. */
  readonly text: string
  readonly paths: Prefix
  /** Whether it is a path and everything below it. */
  readonly isWhole: boolean
}

/** @returns null where the text is no path, or could be read in more than one way */
export function parseGuestEndpoint (text: string): GuestEndpoint | null {
  const isWhole = text.endsWith('/*')
  const prefix = parsePrefix(isWhole ? text.slice(0, -1) : text)
  if (prefix === null || prefix.path.includes('*')) return null
  const name = prefix.path === '/' ? '' : prefix.path
  return isWhole ? { text: `${name}/*`, paths: prefix, isWhole } : { text: prefix.path, paths: page(prefix), isWhole }
}

/** Letter case counts: what falls under it by another one falls under the rules behind it. */
function page (prefix: Prefix): Prefix {
  const names = new Set(prefix.forms.flatMap(form => [form, ...PARTS.map(part => `${form === '/' ? '' : form}/${part}`)]))
  return { ...everyPath, path: prefix.path, covers: reading => names.has(reading), coversFolded: () => false, isBelowFolded: () => false }
}
