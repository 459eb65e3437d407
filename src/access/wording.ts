/** What a list is about, in one word: `the role Editor or Admin`. */
export type Noun = 'group' | 'role' | 'team' | 'organization'

/** `the group a`, `the role Editor or Admin`. */
export function theOnes (noun: Noun, names: readonly string[]): string {
  return noun === 'group' ? oneOf(names) : `the ${noun} ${either(names)}`
}

/** `the group a`, `one of the groups a, b`. */
export function oneOf (groups: readonly string[]): string {
  return groups.length === 1 ? `the group ${groups.join()}` : `one of the groups ${groups.join(', ')}`
}

/** `a`, `a and b`, `a, b and c`. */
export function each (texts: readonly string[]): string {
  return texts.length < 2 ? texts.join() : `${texts.slice(0, -1).join(', ')} and ${texts.slice(-1).join()}`
}

/** `a`, `a or b`, `a, b or c`; a long list is counted. */
export function either (texts: readonly string[]): string {
  const shown = texts.length > 5 ? [...texts.slice(0, 4), `${String(texts.length - 4)} others that are listed`] : texts
  return shown.length < 2 ? shown.join() : `${shown.slice(0, -1).join(', ')} or ${shown.slice(-1).join()}`
}
