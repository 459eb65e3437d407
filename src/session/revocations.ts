import { hash } from 'node:crypto'
import { StoreUnavailable } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { SealedSession } from './session.ts'
import type { Store } from './store/store.ts'
import { createTelling } from './telling.ts'

/** What of a session revocations go by. */
export type Revocable = Pick<SealedSession, 'id' | 'identity' | 'startedAt' | 'expiresAt' | 'sid' | 'sub'>

/** Sessions that ended before their time, and whose cookies must not count any more. */
export interface Revocations {
  /** Changes with every revocation, so that what was looked up once need not be again; NaN, which equals nothing, as long as `demand` throws. */
  readonly generation: number
  /** @throws {StoreUnavailable} as long as nobody knows what others have revoked: no session may count that is not known to be revoked */
  demand (): void
  /** Whether a session was revoked: itself, or with all of its subject that began by some time. */
  has (session: Revocable): boolean
  /** Ends one session, at once in this process and then everywhere. @throws {StoreUnavailable} here it has ended all the same */
  revoke (session: Revocable): Promise<void>
  /** Ends all sessions of somebody that have begun by now. @param upTo or by then, in milliseconds since the epoch, where that is earlier. @throws as above */
  revokeSubject (provider: string, subject: string, upTo?: number): Promise<void>
  /**
   * Ends every session that is of one session at the provider: those that have begun, and one whose sign-in is just under way.
   *
   * @param sub whose it is, where that is known. @throws as above
   */
  revokeSid (provider: string, sid: string, sub?: string): Promise<void>
  /** Learns what others have revoked before this process listened; after the first time it does so by itself. @throws {StoreUnavailable} */
  recall (): Promise<void>
}

export interface RevocationOptions {
  readonly outside: Pick<Outside, 'now'>
  /** Milliseconds from any sign-in to its absolute end, as it is when asked: no revocation has to be kept for longer. */
  readonly lifetime: number
  /** Where processes share them. */
  readonly store?: Store | undefined
  /** What the store has them under. Gates that do not share their sessions must not share these. */
  readonly set?: string
  /** Told when older sessions had to end for lack of room, and up to which beginning. */
  readonly overflowed?: (startedAt: number) => void
  /** Told once that the store is there and does not say what was revoked. */
  readonly unlearned?: (error: unknown) => void
  /** Entries in all. */
  readonly room?: number
}

const ROOM = 100_000
/** Sessions of one subject that are remembered one by one: with one more, all that it began up to then have ended. */
const OF_SUBJECT = 32
/** Milliseconds until it is tried again to learn what was revoked. */
const AGAIN = 1_000
/** Milliseconds in which a sign-in may still come to its end whose session at the provider is over. */
const UNDER_WAY = 60_000

interface Revoked { readonly subject: string, readonly startedAt: number, readonly until: number }

/**
 * Nothing is forgotten before its time. Where there is no room, what is remembered gets coarser, and ends more sessions than it must:
 * first all of one subject up to now, and in the end, of everybody, those that began first.
 */
export function createRevocations (options: RevocationOptions): Revocations {
  const { outside, store, set = 'revoked', overflowed = () => {}, unlearned = () => {}, room = ROOM } = options
  /** By the name of a session here, or of one at a provider. */
  const sessions = new Map<string, Revoked>()
  /** All sessions of a subject that began by then; each with its own end. */
  const subjects = new Map<string, { readonly startedAt: number, readonly until: number }>()
  const counts = new Map<string, number>()
  const telling = createTelling({ store, set, outside })
  const alone = store === undefined || store.reach === 'process'
  let [floor, generation, losses] = [-Infinity, 0, 0]
  let [known, hears] = [alone, alone]

  const forget = (id: string, { subject }: Revoked): void => {
    sessions.delete(id)
    const count = (counts.get(subject) ?? 1) - 1
    if (count > 0) counts.set(subject, count)
    else counts.delete(subject)
  }
  const sweep = (): void => {
    const now = outside.now()
    for (const [id, entry] of sessions) if (entry.until <= now) forget(id, entry)
    for (const [subject, { until }] of subjects) if (until <= now) subjects.delete(subject)
  }
  /** A tenth goes at a time, so that the next of a flood need not look through all again. */
  const coarsen = (): void => {
    sweep()
    if (sessions.size + subjects.size < room) return
    const oldest = [...sessions.values(), ...subjects.values()].map(({ startedAt }) => startedAt).sort((one, other) => one - other)
    floor = Math.max(floor, oldest[Math.floor(oldest.length / 10)] as number)
    for (const [id, entry] of sessions) if (entry.startedAt <= floor) forget(id, entry)
    for (const [subject, { startedAt }] of subjects) if (startedAt <= floor) subjects.delete(subject)
    overflowed(floor)
  }
  const takeSubject = (subject: string, upTo: number, until: number): void => {
    const ended = counts.has(subject) ? [...sessions].filter(([, entry]) => entry.subject === subject) : []
    const startedAt = Math.max(upTo, subjects.get(subject)?.startedAt ?? -Infinity, ...ended.map(([, entry]) => Math.min(entry.startedAt, outside.now())))
    subjects.set(subject, { startedAt, until: Math.max(until, subjects.get(subject)?.until ?? 0) })
    for (const [id, entry] of ended) forget(id, entry)
  }
  const take = (id: string, entry: Revoked): void => {
    const before = sessions.get(id)
    if (covered(entry) || (before !== undefined && before.startedAt >= entry.startedAt)) return
    if (before !== undefined) forget(id, before)
    const count = counts.get(entry.subject) ?? 0
    if (count >= OF_SUBJECT) return takeSubject(entry.subject, Math.min(entry.startedAt, outside.now()), outside.now() + options.lifetime) // who signs in again now is not meant
    sessions.set(id, entry)
    counts.set(entry.subject, count + 1)
  }
  const covered = ({ subject, startedAt }: Pick<Revoked, 'subject' | 'startedAt'>): boolean => startedAt <= floor || startedAt <= (subjects.get(subject)?.startedAt ?? -Infinity)

  const isOver = (id: string, startedAt: number): boolean => startedAt <= (sessions.get(id)?.startedAt ?? -Infinity)
  const has = ({ id, identity: { provider, subject }, startedAt, sid, sub }: Revocable): boolean => isOver(nameOf(id), startedAt) ||
    covered({ subject: subjectOf(provider, subject), startedAt }) ||
    (sub !== undefined && covered({ subject: subjectOf(provider, sub), startedAt })) ||
    (sid !== undefined && isOver(sidOf(provider, sid), startedAt))

  /** One word for each: `s ID SUBJECT STARTED UNTIL`, the same for the name of a session at the provider, `u SUBJECT STARTED UNTIL`, with hashes for names. */
  const hear = (word: string): void => {
    const [kind, ...parts] = word.split(' ')
    const [startedAt, until] = parts.slice(-2).map(Number) as [number, number]
    if (!(until > outside.now())) return
    if (sessions.size + subjects.size >= room) coarsen()
    if (kind === 's') take(parts[0] as string, { subject: parts[1] as string, startedAt, until })
    if (kind === 'u') takeSubject(parts[0] as string, startedAt, until)
    generation++
  }
  const tell = async (word: string, until: number): Promise<void> => {
    hear(word)
    await telling.tell(word, until)
  }
  const words = (): Map<string, number> => new Map([
    ...[...sessions].map(([id, { subject, startedAt, until }]) => [`s ${id} ${subject} ${startedAt} ${until}`, until] as const),
    ...[...subjects].map(([subject, { startedAt, until }]) => [`u ${subject} ${startedAt} ${until}`, until] as const)
  ])
  const recall = async (): Promise<void> => {
    const [before, own] = [losses, store === undefined ? [] : words()]
    const found = await store?.members(set)
    for (const word of found?.keys() ?? []) hear(word)
    telling.again([...own].filter(([word]) => found?.has(word) === false)) // it was started anew, or put something out
    if (!hears || losses !== before) throw unheard()
    generation++
    known = true
  }
  const learn = (again = false): void => {
    recall().catch((error: unknown) => {
      if (hears && !again) unlearned(error)
      setTimeout(() => { if (hears && !known) learn(true) }, AGAIN).unref()
    })
  }
  store?.listen(set, hear, () => {
    hears = true
    learn()
  }, () => {
    losses++
    known = hears = false
  })

  return {
    recall,
    demand () { if (!known) throw unheard() },
    get generation () { return known ? generation : NaN },
    has,
    revoke: ({ id, identity: { provider, subject }, startedAt, expiresAt }) => tell(`s ${nameOf(id)} ${subjectOf(provider, subject)} ${startedAt} ${expiresAt}`, expiresAt),
    revokeSubject (provider, subject, upTo = Infinity) {
      const last = Math.min(outside.now(), Math.floor(upTo))
      return tell(`u ${subjectOf(provider, subject)} ${last} ${last + options.lifetime}`, last + options.lifetime)
    },
    // Without its subject it is a subject of its own: what is remembered of it must not get coarser into what fits nobody.
    revokeSid (provider, sid, sub) {
      const [name, last] = [sidOf(provider, sid), outside.now() + UNDER_WAY]
      return tell(`s ${name} ${sub === undefined ? name : subjectOf(provider, sub)} ${last} ${last + options.lifetime}`, last + options.lifetime)
    }
  }
}

function unheard (): StoreUnavailable {
  return new StoreUnavailable('what others have revoked is not known, because the store that tells it is not there')
}

function nameOf (id: string): string {
  return hash('sha256', id, 'base64url')
}

function subjectOf (provider: string, subject: string): string {
  return hash('sha256', JSON.stringify([provider, subject]), 'base64url')
}

function sidOf (provider: string, sid: string): string {
  return hash('sha256', JSON.stringify([provider, 'sid', sid]), 'base64url')
}
