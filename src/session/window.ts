import type { Outside } from '../outside.ts'
import { unwrap, wrap, type Envelope } from './envelope.ts'
import type { Session } from './opened.ts'
import type { Seal } from './seal.ts'
import type { Store } from './store/store.ts'

/** A session with what is, or is to become, its cookie. */
export interface Sealed {
  readonly session: Session
  readonly token: string
}

/**
 * What came in place of cookies that browsers still send. A cookie can be replaced only when a page is asked for, and until
 * then the old one stands for the new session; what it holds is spent, and must not be used again.
 */
export interface Window {
  /**
   * The newest cookie of this session; null where that is the one asked for. `replayed`: the browser has long had a newer cookie, so this is a
   * copy. `spent`: there is a newer one, which is not here, but may be on its way. `lost`: it is nowhere, and this one cannot be renewed any more.
   *
   * @throws {StoreUnavailable}
   */
  find (session: Session): Promise<{ readonly cookie: string } | 'replayed' | 'spent' | 'lost' | null>
  /** @throws {StoreUnavailable} */
  put (renewed: Sealed): Promise<void>
  /** A browser has the cookie of this session: those before it count for a little longer, for what was under way. */
  taken (session: Session): void
  drop (session: Session): Promise<void>
}

export interface WindowOptions {
  readonly store: Store
  readonly outside: Pick<Outside, 'now'>
  /** Asked for each time: another configuration may have other keys. */
  readonly seal: Seal
}

/** Milliseconds in which requests that were under way still come with the cookie before. */
const GRACE = 30_000

/** What is known of a session's cookies: the newest version there is, the one that a browser has shown, before which all are copies from then on, and since when the newest is missed. */
interface Known { readonly newest: number, readonly shown: number, readonly until: number, readonly missed: number }

/**
 * In a store, so that all who share it know the same. A cookie is sealed once more there: who reads along has none to send, and who writes
 * to it cannot give somebody another's.
 *
 * What can be told of a session outlives its cookie: a copy is known as one until the session's end.
 */
export function createWindow (options: WindowOptions): Window {
  const { store, outside } = options
  const envelope = ({ id }: Session): Envelope => ({ type: 'renewed', cookie: id, gate: '' })
  const opened = (session: Session, text: string): string | null => {
    const plain = options.seal.open(text)
    return plain === null ? null : (unwrap(envelope(session), plain) as [string] | null)?.[0] ?? null
  }
  const lifeOf = ({ expiresAt }: Session) => Math.max(1, expiresAt - outside.now())
  const keys = ({ id }: Session) => ({ known: `versions:${id}`, cookie: `renewed:${id}` })
  const read = async (session: Session): Promise<[text: string, known: Known] | null> => {
    const text = await store.get(keys(session).known)
    if (text === null) return null
    const [newest = 0, shown = 0, until = 0, missed = 0] = text.split(' ').map(Number)
    return [text, { newest, shown, until, missed }]
  }
  const textOf = ({ newest, shown, until, missed }: Known) => `${newest} ${shown} ${until} ${missed}`

  /** Another process may have changed it meanwhile: then it is looked at again. */
  const change = async (session: Session, next: (known: Known | undefined) => Known | null): Promise<Known | null> => {
    const key = keys(session).known
    for (;;) {
      const [text, known] = await read(session) ?? []
      const changed = next(known)
      if (changed === null) return null
      if (text === undefined ? await store.add(key, textOf(changed), lifeOf(session)) : await store.replace(key, text, textOf(changed), lifeOf(session))) return changed
    }
  }
  const show = async (session: Session): Promise<void> => {
    const { version } = session
    const changed = await change(session, known => known !== undefined && known.shown >= version ? null : { newest: Math.max(version, known?.newest ?? 0), shown: version, until: outside.now() + GRACE, missed: known?.missed ?? 0 })
    const cookie = changed?.newest === version ? await store.get(keys(session).cookie) : null
    if (cookie !== null) await store.replace(keys(session).cookie, cookie, cookie, GRACE) // nobody needs it after that
  }

  /** A browser that has the newest cookie shows it soon, also where the store has put it out. */
  const miss = async (session: Session, { missed }: Known): Promise<'spent' | 'lost'> => {
    if (missed === 0) await change(session, known => known === undefined || known.missed > 0 ? null : { ...known, missed: outside.now() })
    return missed === 0 || outside.now() < missed + GRACE ? 'spent' : 'lost'
  }

  return {
    async find (session) {
      const [, known] = await read(session) ?? []
      if (known === undefined || known.newest <= session.version) return null
      if (session.version < known.shown && known.until <= outside.now()) return 'replayed'
      const text = await store.get(keys(session).cookie)
      const cookie = text === null ? null : opened(session, text)
      if (cookie !== null) return { cookie }
      return session.version < known.shown ? 'spent' : await miss(session, known)
    },
    async put ({ session, token }) {
      await store.set(keys(session).cookie, options.seal.seal(wrap(envelope(session), [token])), lifeOf(session))
      await change(session, known => ({ newest: session.version, shown: known?.shown ?? 0, until: known?.until ?? 0, missed: 0 }))
    },
    // Nobody waits for it: until it is known, copies are taken for what is under way.
    taken (session) { show(session).catch(() => { /* the store says by itself that it is away */ }) },
    async drop (session) { await Promise.all(Object.values(keys(session)).map(key => store.remove(key))) }
  }
}
