import type { Fault } from '../fixtures/injector.ts'
import type { Moment } from './moments.ts'
import type { Link } from './stage.ts'

export type Kind = Fault['kind']

/** What each fault is on each way: so slow, or after so many bytes, that it strikes where it hurts. */
export const faults: Readonly<Record<Link, Readonly<Record<Kind, Fault>>>> = {
  app: {
    delay: { kind: 'delay', milliseconds: 80 }, drip: { kind: 'drip', bytes: 500, every: 2 }, refuse: { kind: 'refuse' },
    reset: { kind: 'reset', after: 0 }, 'half-close': { kind: 'half-close', after: 40 }, truncate: { kind: 'truncate', after: 400 },
    hang: { kind: 'hang', after: 0 }, garbage: { kind: 'garbage', after: 0 }, duplicate: { kind: 'duplicate', after: 0 }
  },
  provider: {
    delay: { kind: 'delay', milliseconds: 80 }, drip: { kind: 'drip', bytes: 1, every: 25 }, refuse: { kind: 'refuse' },
    reset: { kind: 'reset', after: 0 }, 'half-close': { kind: 'half-close', after: 40 }, truncate: { kind: 'truncate', after: 400 },
    hang: { kind: 'hang', after: 0 }, garbage: { kind: 'garbage', after: 0 }, duplicate: { kind: 'duplicate', after: 0 }
  },
  store: {
    delay: { kind: 'delay', milliseconds: 80 }, drip: { kind: 'drip', bytes: 1, every: 400 }, refuse: { kind: 'refuse' },
    reset: { kind: 'reset', after: 0 }, 'half-close': { kind: 'half-close', after: 3 }, truncate: { kind: 'truncate', after: 3 },
    hang: { kind: 'hang', after: 0 }, garbage: { kind: 'garbage', after: 0 }, duplicate: { kind: 'duplicate', after: 0 }
  }
}

type Row = Readonly<Record<Kind, string>>

const kinds: readonly Kind[] = ['delay', 'drip', 'refuse', 'reset', 'half-close', 'truncate', 'hang', 'garbage', 'duplicate']
const always = (outcome: string) => Object.fromEntries(kinds.map(kind => [kind, outcome])) as Row

/** Nothing of the answer had come: a page of ours. It had begun: it is cut, and never looks whole. */
const page: Row = {
  delay: 'served', drip: 'served', duplicate: 'served',
  refuse: 'GATE_UPSTREAM_UNREACHABLE', reset: 'GATE_UPSTREAM_UNREACHABLE', hang: 'GATE_UPSTREAM_TIMEOUT',
  'half-close': 'GATE_UPSTREAM_ANSWER_INVALID', garbage: 'GATE_UPSTREAM_ANSWER_INVALID', truncate: 'cut'
}
const cut: Row = { ...always('cut'), hang: 'silent' } // nobody knows that a stream is not only quiet
const stream: Row = { ...cut, delay: 'goes on', drip: 'goes on', duplicate: 'goes on' }

const signIn: Row = {
  delay: 'served', duplicate: 'served', drip: 'GATE_PROVIDER_TIMEOUT', hang: 'GATE_PROVIDER_TIMEOUT',
  refuse: 'GATE_PROVIDER_UNREACHABLE', reset: 'GATE_PROVIDER_UNREACHABLE', 'half-close': 'GATE_PROVIDER_UNREACHABLE', truncate: 'GATE_PROVIDER_UNREACHABLE', garbage: 'GATE_PROVIDER_UNREACHABLE'
}

const away: Row = { ...always('GATE_STORE_UNAVAILABLE'), delay: 'served' }

/** By link, moment and kind, how it comes out for who is in the middle of it; `cell.ts` says what holds for all the others, and after it. */
export const expected: Readonly<Record<Link, Readonly<Record<Moment, Row>>>> = {
  app: {
    idle: page, login: page, refresh: page, upload: page,
    download: { ...cut, delay: 'whole', drip: 'whole', duplicate: 'cut' }, events: stream, websocket: stream
  },
  // Only who signs in needs it. A refresh that fails is tried again: meanwhile the session is what it was.
  provider: {
    idle: always('served'), login: signIn, refresh: always('served'), upload: always('served'),
    download: always('whole'), events: always('goes on'), websocket: always('goes on')
  },
  // Who is connected stays so. New tokens are not given up: the request waits until the store is back, and is told to ask again where it is not yet known who signed out meanwhile.
  store: {
    idle: away, login: away, refresh: always('served|GATE_STORE_UNAVAILABLE'), upload: always('served'),
    download: always('whole'), events: always('goes on'), websocket: always('goes on')
  }
}

/** But for bytes of a Redis that come twice, which TCP rules out: each would answer the next question. */
const canBe = (link: Link, kind: Kind): boolean => link !== 'store' || kind !== 'duplicate'

export const cells = (Object.keys(expected) as Link[]).flatMap(link => (Object.keys(expected[link]) as Moment[]).flatMap(moment => kinds.filter(kind => canBe(link, kind)).map(kind => ({ link, moment, kind, outcome: expected[link][moment][kind] }))))
