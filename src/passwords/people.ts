import { createHmac } from 'node:crypto'
import { PasswordRefused } from '../errors.ts'
import { nameOf, type Secret } from './secret.ts'
import type { Verifier } from './verifier.ts'

/** Who may sign in by a password of the gate's own: the people of a file, each with theirs, or whoever knows the one there is. */
export type Credentials = { readonly path: string, readonly people: ReadonlyMap<string, Secret> } | { readonly password: Secret }

export interface People {
  /** The file they are written in, which may change; absent where there is one password. */
  readonly path: string | undefined
  readonly size: number
  /** One password for everybody. */
  readonly isShared: boolean
  /** Goes up whenever somebody's entry has changed or gone. */
  readonly generation: number
  /**
   * @param network whose turn it is to have a password checked
   * @returns the person's name, and the mark of the entry that lets them in, for their session
   * @throws {PasswordRefused} {TooManyAttempts}
   */
  signIn (name: string, password: string, network: string): Promise<Admitted>
  /** Whether the entry that once let this person in is still there, unchanged. */
  stands (name: string, mark: string | undefined): boolean
  /** From now on these alone may sign in. */
  replace (people: ReadonlyMap<string, Secret>): { readonly added: number, readonly removed: number, readonly changed: number }
}

export interface Admitted { readonly name: string, readonly mark: string }

export interface PeopleOptions {
  /** The first makes marks, all know them. */
  readonly keys: readonly Uint8Array[]
  readonly verify: Verifier['verify']
}

export function createPeople (credentials: Credentials, { keys, verify }: PeopleOptions): People {
  let current = credentials
  let generation = 0
  const entryOf = (name: string): Secret | undefined => 'password' in current ? current.password : current.people.get(name)
  /** Of the one password, whoever typed which name, there is one mark. */
  const mark = (key: Uint8Array, name: string, { text }: Secret) => createHmac('sha256', key).update(JSON.stringify(['password' in current ? null : name, text])).digest('base64url').slice(0, 22)

  /** For a name that nobody has: some entry of the file, always the same, so that its kinds of hashes and their costs say nothing about who is in it. */
  function decoyFor (name: string): Secret {
    if ('password' in current) return current.password
    const all = [...current.people.values()]
    return all[createHmac('sha256', keys[0] as Uint8Array).update(name).digest().readUInt32BE() % all.length] as Secret
  }

  return {
    get path () { return 'path' in current ? current.path : undefined },
    get size () { return 'path' in current ? current.people.size : 1 },
    isShared: 'password' in credentials,
    get generation () { return generation },
    async signIn (typed, password, network) {
      const name = nameOf(typed)
      const entry = name === undefined ? undefined : entryOf(name)
      const right = await verify(entry ?? decoyFor(name ?? typed), password, network)
      if (name === undefined || entry === undefined) throw new PasswordRefused('nobody has that name')
      if (!right) throw new PasswordRefused('password' in credentials ? 'it is another password' : `the password of ${name} is another`)
      return { name, mark: mark(keys[0] as Uint8Array, name, entry) }
    },
    stands (name, known) {
      const entry = entryOf(name)
      return entry !== undefined && keys.some(key => mark(key, name, entry) === known)
    },
    replace (people) {
      if ('password' in current) throw new TypeError('there is no file to be replaced')
      const before = current.people
      const added = [...people.keys()].filter(name => !before.has(name)).length
      const removed = [...before.keys()].filter(name => !people.has(name)).length
      const changed = [...people].filter(([name, { text }]) => before.has(name) && before.get(name)?.text !== text).length
      current = { ...current, people }
      if (removed + changed > 0) generation++
      return { added, removed, changed }
    }
  }
}
