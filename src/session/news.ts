import { unwrap, wrap, type Envelope } from './envelope.ts'
import type { Seal } from './seal.ts'
import { compact, restore, type SealedSession } from './session.ts'
import type { Store } from './store/store.ts'

/** Tells those who share the store what somebody has become whose tokens were renewed: what is open with them may be open no longer. */
export interface News {
  /** @param session without its tokens @param by under what its cookie is sealed now */
  tell (session: SealedSession, by: string): void
  /** @param heard in place of whoever listened before; hears what this process tells, too */
  listen (heard: (session: SealedSession, by: string) => void): void
  /** @param word that somebody has told, under `NEWS` */
  hear (word: string): void
  /** Hears again what was told of these while nobody heard anything. @param ids of sessions @throws {StoreUnavailable} */
  catchUp (ids: Iterable<string>): Promise<void>
}

export const NEWS = 'renewed'
/** Milliseconds for which somebody may have heard nothing, and still learns it. */
const KEPT = 24 * 60 * 60_000

/** Sealed, so that who reads along in the store reads of nobody, and who writes to it makes nobody up. */
export function createNews ({ store, seal, gate }: { readonly store: Pick<Store, 'announce' | 'get' | 'set'>, readonly seal: Seal, readonly gate: string }): News {
  const envelope: Envelope = { type: 'session', cookie: ` ${NEWS}`, gate } // no cookie has such a name
  const keyOf = (id: string) => `${gate}:news:${id}`
  let listener: Parameters<News['listen']>[0] | undefined
  const hear = (word: string): void => {
    const plain = seal.open(word)
    const content = (plain === null ? null : unwrap(envelope, plain)) as { readonly by: string, readonly session: object } | null
    if (content !== null) listener?.(restore(content.session), content.by)
  }
  return {
    hear,
    // Kept first: who begins to hear in between finds it. Who is not reached learns it with the person's next request.
    tell (session, by) {
      const word = seal.seal(wrap(envelope, { by, session: compact(session) }))
      for (const told of [store.set(keyOf(session.id), word, KEPT), store.announce(NEWS, word)]) told.catch(() => { /* the store says by itself that it is away */ })
    },
    listen (heard) { listener = heard },
    async catchUp (ids) {
      for (const id of ids) {
        const word = await store.get(keyOf(id))
        if (word !== null) hear(word)
      }
    }
  }
}
