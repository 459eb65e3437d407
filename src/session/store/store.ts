/**
 * What processes that share sessions have in common: texts under keys, each for a while, sets whose members end by themselves, and a
 * word to all. Everything that sessions need of each other is made of this, so that a store is one file with ten methods.
 *
 * Keys and members are printable ASCII, at most 200 characters; lives are milliseconds, above 0. Every method but `close` may throw
 * {StoreUnavailable}: nothing is known then of what was asked, and it may or may not have happened.
 */
export interface Store {
  /** Who else may have changed what is here: nobody, the other workers of this gate, other machines. */
  readonly reach: 'process' | 'machine' | 'network'
  /** @returns null where nothing is, or is any more */
  get (key: string): Promise<string | null>
  set (key: string, value: string, life: number): Promise<void>
  /** Only where nothing is under this key. @returns whether it was put there */
  add (key: string, value: string, life: number): Promise<boolean>
  /** Only where this very value is. @returns whether the other one is there now */
  replace (key: string, before: string, after: string, life: number): Promise<boolean>
  /** @param value only where this very value is; whatever is there unless given. @returns whether it was there */
  remove (key: string, value?: string): Promise<boolean>
  /** Says it to everyone who listens to the set's name too, in one step. @param until milliseconds since the epoch; a later one than before counts */
  enrol (set: string, member: string, until: number): Promise<void>
  /** Before their time; those that are not there are none. */
  dismiss (set: string, members: readonly string[]): Promise<void>
  /** Those whose time is not over, with it; whoever comes or goes meanwhile may be among them or not. */
  members (set: string): Promise<ReadonlyMap<string, number>>
  /** Says a word to everyone who listens, here too. */
  announce (topic: string, word: string): Promise<void>
  /**
   * @param heard called with each word
   * @param missed called when words may have been lost, and are heard again from now on: what goes by them has to look for itself. Of all
   * but a store of one process also the first time, before which nothing is heard
   * @param lost called when words are not heard any more, until `missed` is
   */
  listen (topic: string, heard: (word: string) => void, missed?: () => void, lost?: () => void): void
  close (): Promise<void>
}
