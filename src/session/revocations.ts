import { StoreUnavailable } from '../errors.ts'
import { createRevoked, type Coarser, type Revocable, type RevokedOptions } from './revoked.ts'
import { namelessOf, nameOf, sidOf, subjectOf } from './revoked-words.ts'
import type { Store } from './store/store.ts'
import { createTelling } from './telling.ts'

export type { Revocable }

/** Sessions that ended before their time, and whose cookies must not count any more. */
export interface Revocations {
  /** Changes with every revocation, so that what was looked up once need not be again; NaN, which equals nothing, as long as `demand` throws. */
  readonly generation: number
  /** @throws {StoreUnavailable} as long as nobody knows what others have revoked: no session may count that is not known to be revoked */
  demand (): void
  /** Whether a session was revoked: itself, or with all of its subject that began by some time. */
  has (session: Revocable): boolean
  /** Whether it is its provider that has ended a revoked session. */
  isByProvider (session: Revocable): boolean
  /** Ends one session, at once in this process and then everywhere. @throws {StoreUnavailable} here it has ended all the same */
  revoke (session: Revocable): Promise<void>
  /** Ends all sessions of somebody that have begun by now. @param upTo or by then, in milliseconds since the epoch, where that is earlier. @throws as above */
  revokeSubject (provider: string, subject: string, upTo?: number): Promise<void>
  /**
   * Ends every session that is of one session at the provider: those that have begun, and one whose sign-in is just under way.
   *
   * @param sub whose it is, where that is known: then those of theirs end too that have no name there, which may be of it
   * @param upTo as above, for those. @throws as above
   */
  revokeSid (provider: string, sid: string, sub?: string, upTo?: number): Promise<void>
  /** Learns what others have revoked before this process listened; after the first time it does so by itself. @throws {StoreUnavailable} */
  recall (): Promise<void>
}

export interface RevocationOptions extends RevokedOptions {
  /** Where processes share them. */
  readonly store?: Store | undefined
  /** What the store has them under. Gates that do not share their sessions must not share these. */
  readonly set?: string
  /** Told once that the store is there and does not say what was revoked. @returns false to be told again, where that is so still in a second */
  readonly unlearned?: (error: unknown) => boolean
}

/** Milliseconds until it is tried again to learn what was revoked. */
const AGAIN = 1_000
/** Milliseconds in which a sign-in may still come to its end whose session at the provider is over. */
const UNDER_WAY = 60_000

/** What revoked.ts remembers, known to all who share a store. */
export function createRevocations (options: RevocationOptions): Revocations {
  const { outside, store, set = 'revoked', unlearned = () => true } = options
  const { has, isByProvider, words, standsFor, ...revoked } = createRevoked(options)
  const telling = createTelling({ store, set, outside })
  const alone = store === undefined || store.reach === 'process'
  let [generation, losses] = [0, 0]
  let [known, hears] = [alone, alone]

  const hear = (word: string): Coarser | null => {
    const coarser = revoked.hear(word)
    if (coarser !== null) generation++
    return coarser
  }
  const tell = async (word: string, until: number): Promise<void> => {
    const coarser = hear(word)
    if (coarser === null) return
    const { words, instead } = coarser
    if (![...words.keys()].some(word => word.startsWith('u '))) words.set(...standsFor(word, until))
    for (const [word, until] of words) await telling.tell(word, until)
    const needless = instead.filter(word => !words.has(word))
    if (needless.length > 0) await store?.dismiss(set, needless).catch(() => { /* their time ends by itself */ })
  }
  const tellSubject = (subject: string, upTo = Infinity): Promise<void> => {
    const last = Math.min(outside.now(), Math.floor(upTo))
    return tell(`u ${subject} ${last} ${last} ${last + options.lifetime}`, last + options.lifetime)
  }
  const recall = async (): Promise<void> => {
    const before = losses
    const found = await store?.members(set)
    for (const word of found?.keys() ?? []) hear(word)
    telling.again([...words()].filter(([word]) => found?.has(word) === false)) // it was started anew, or put something out
    if (!hears || losses !== before) throw unheard()
    generation++
    known = true
  }
  const learn = (told = false): void => {
    recall().catch((error: unknown) => {
      const isTold = told || (hears && unlearned(error))
      setTimeout(() => { if (hears && !known) learn(isTold) }, AGAIN).unref()
    })
  }
  store?.listen(set, word => { hear(word) }, () => {
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
    has, isByProvider,
    revoke: ({ id, identity: { provider, subject }, startedAt, expiresAt }) => tell(`s ${nameOf(id)} ${subjectOf(provider, subject)} ${startedAt} ${expiresAt}`, expiresAt),
    revokeSubject: (provider, subject, upTo) => tellSubject(subjectOf(provider, subject), upTo),
    // Without its subject it is a subject of its own: what is remembered of it must not get coarser into what fits nobody.
    async revokeSid (provider, sid, sub, upTo) {
      const [name, now, last] = [sidOf(provider, sid), outside.now(), outside.now() + UNDER_WAY]
      await Promise.all([
        tell(`s ${name} ${sub === undefined ? name : subjectOf(provider, sub)} ${now} ${last} ${last + options.lifetime}`, last + options.lifetime),
        sub === undefined ? undefined : tellSubject(namelessOf(provider, sub), upTo)
      ])
    }
  }
}

function unheard (): StoreUnavailable {
  return new StoreUnavailable('what others have revoked is not known, because the store that tells it is not there')
}
