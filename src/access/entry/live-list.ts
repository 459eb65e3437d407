import { parseEmail } from '../email.ts'

/** A file of addresses, as it was when the settings were read. */
export interface AddressFile {
  readonly path: string
  readonly addresses: readonly string[]
}

/** Addresses that may change while the gate runs, because their file does. */
export interface LiveList {
  readonly path: string
  /** Lower case. */
  readonly addresses: ReadonlySet<string>
  /** From now on these alone are listed; of nobody, nobody. */
  replace (addresses: readonly string[]): { readonly added: number, readonly removed: number }
}

/** @param onChange called whenever other people are listed than before */
export function createLiveList ({ path, addresses }: AddressFile, onChange: () => void): LiveList {
  let current = setOf(addresses)
  return {
    path,
    get addresses () { return current },
    replace (others) {
      const [before, now] = [current, setOf(others)]
      const added = [...now].filter(address => !before.has(address)).length
      const removed = [...before].filter(address => !now.has(address)).length
      current = now
      if (added + removed > 0) onChange()
      return { added, removed }
    }
  }
}

function setOf (addresses: readonly string[]): ReadonlySet<string> {
  return new Set(addresses.flatMap(text => parseEmail(text)?.address ?? []))
}
