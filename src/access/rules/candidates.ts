import type { ListedRule } from './rule.ts'

/** Takes a reading, and the same after `fold`. */
export type Candidates = (reading: string, folded: string) => Iterable<ListedRule>

/** Fewer are looked through faster than they are looked up. */
const FEW = 8

/**
 * Of many rules those that a path could fall under, in their order, without looking at each: a rule has nothing to say of what begins
 * neither with its path nor, folded, with its folded path (prefix.ts).
 */
export function createCandidates (entries: readonly ListedRule[]): Candidates {
  if (entries.length <= FEW) return () => entries
  const [plain, folded] = [createIndex(), createIndex()]
  const always: number[] = []
  for (const [place, { paths }] of entries.entries()) {
    if (paths.begins === undefined) always.push(place)
    for (const form of paths.begins?.plain ?? []) plain.add(form, place)
    for (const form of paths.begins?.folded ?? []) folded.add(form, place)
  }
  return (reading, likeness) => {
    const places = new Set([...always, ...plain.find(reading), ...folded.find(likeness)])
    return [...places].sort((one, other) => one - other).map(place => entries[place] as ListedRule)
  }
}

/** Texts by which others may begin; there are few lengths, however many texts there are. */
function createIndex () {
  const places = new Map<string, number[]>()
  const lengths = new Set<number>()
  return {
    add (text: string, place: number): void {
      lengths.add(text.length)
      const known = places.get(text)
      if (known === undefined) places.set(text, [place])
      else known.push(place)
    },
    find (text: string): number[] {
      const found: number[] = []
      for (const length of lengths) {
        const known = length <= text.length ? places.get(text.slice(0, length)) : undefined
        if (known !== undefined) found.push(...known)
      }
      return found
    }
  }
}
