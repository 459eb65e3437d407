import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import type { Refusal } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'
import { createIdle } from '../../src/session/idle.ts'
import { keepInCookies, keepInStore } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createLiveSessions, type LiveOptions } from '../../src/session/live.ts'
import type { Session } from '../../src/session/opened.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { createSessions, type Sessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { farAway, heardNews } from './store/far.ts'

const LIFETIME = 24 * 3_600_000
const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', groups: ['admins'], teams: [], organizations: [], claims: {} }
const header = (cookies: readonly SetCookie[]) => cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')

/** A websocket, as far as anybody sees what it ended with. */
function channel () {
  let close = () => {}
  const ended: string[] = []
  return {
    ended,
    closed: new Promise<void>(resolve => { close = resolve }),
    end (code: number, reason: string) {
      ended.push(`${code} ${reason}`)
      close()
    }
  }
}

function stream () {
  return { writableEnded: false, destroyed: false, destroy () { this.destroyed = true } }
}

/** Gates in one process that share a store, as two workers or two machines do. */
function setUp () {
  const outside = new TestOutside()
  const memory = createMemoryStore({ outside })
  const store = farAway(memory)
  const old = randomBytes(32)
  const gate = ({ kept = 'store', keys = [old], refuse = () => null }: { kept?: 'store' | 'cookies', keys?: readonly Buffer[], refuse?: (identity: Identity) => Refusal | null } = {}) => {
    const { session: seal } = createKeyring(undefined, keys, outside)
    const keeping = { seal, outside, gate: 'gate' }
    const revocations = createRevocations({ outside, lifetime: LIFETIME, store })
    const sessions = createSessions({
      keeping: kept === 'store' ? keepInStore({ ...keeping, store }) : keepInCookies(keeping), revocations, outside, lifetime: LIFETIME, renews: true,
      idle: createIdle({ after: 3_600_000, outside, store }), news: heardNews({ store, seal, gate: 'gate' }), headers: () => [], refuse
    })
    return { sessions, revocations, open: async (cookie: string) => await sessions.open(jar, cookie) as Session }
  }
  const live = (sessions: Sessions, options: Partial<LiveOptions> = {}) => createLiveSessions(() => sessions, { outside, ...options })
  const start = async (sessions: Sessions, tokens?: { refresh: string }) => header(await sessions.start(jar, undefined, ada, tokens === undefined ? {} : { tokens }))
  return { outside, gate, live, start, old }
}

/** What is open at a gate, of one session. */
function hold (live: ReturnType<typeof createLiveSessions>, session: Session) {
  const [socket, events] = [channel(), stream()]
  live.keep(session, socket, { target: '/ws', method: 'GET', host: 'app.example' })
  live.watch(session, events, { target: '/events', method: 'GET', host: 'app.example' }, true)
  return { ends: () => [socket.ended, events.destroyed] as const }
}

const OPEN = [[], false] as const
const ENDED = [['4401 session_ended'], true] as const

for (const kept of ['store', 'cookies'] as const) {
  t.test(`what is open at one gate ends within a second of what happens at another; sessions in ${kept}`, async t => {
    const causes: Readonly<Record<string, (other: ReturnType<ReturnType<typeof setUp>['gate']>, session: Session, cookie: string) => Promise<unknown>>> = {
      'a sign-out': async ({ sessions }, session) => { await sessions.end(session) },
      'everybody of this subject is signed out': async ({ revocations }) => { await revocations.revokeSubject('oidc', '1') },
      'a refresh by which they may not enter': async ({ sessions }, session, cookie) => await sessions.renew(jar, { session, token: jar.readSession(cookie) ?? '' }, { ...ada, groups: ['banned'] }, { refresh: 'r' })
    }
    for (const [cause, happen] of Object.entries(causes)) {
      const { gate, live, start } = setUp()
      const refuse = ({ groups }: Identity) => groups.includes('banned') ? { reason: 'not you', detail: 'list' } : null
      const [here, there] = [gate({ kept, refuse }), gate({ kept, refuse })]
      const cookie = await start(here.sessions, { refresh: 'r' })
      const held = hold(live(here.sessions), await here.open(cookie))
      await wait(550)
      t.strictSame(held.ends(), OPEN)
      await happen(there, await there.open(cookie), cookie)
      await wait(600)
      t.strictSame(held.ends(), ENDED, cause)
    }
  })
}

t.test('rules that changed end what they do not let through, and nothing else', async t => {
  const { gate, live, start } = setUp()
  const { sessions, open } = gate()
  const told: unknown[] = []
  const all = live(sessions, { told: (session, cause, count) => { told.push([session?.identity.user, cause, { ...count }]) } })
  const held = hold(all, await open(await start(sessions)))
  const [stranger, other] = [channel(), channel()]
  all.keep(null, stranger, { target: '/public/ws', method: 'GET', host: 'app.example' })
  all.keep(await open(await start(sessions)), other, { target: '/other', method: 'GET', host: 'app.example' })
  all.judge(({ target }, session) => session !== null && target !== '/events')
  t.strictSame([held.ends(), stranger.ended, other.ended], [[[], true], ['4401 session_ended'], []], 'at once')
  t.strictSame(told, [['ada@example.com', 'rule', { websockets: 0, streams: 1 }], [undefined, 'rule', { websockets: 1, streams: 0 }]])
  all.judge(({ target }) => target === '/other')
  t.strictSame(held.ends(), ENDED)
  const late = channel()
  all.keep(await open(await start(sessions)), late, { target: '/ws', method: 'GET', host: 'app.example' })
  await wait(550)
  t.strictSame([late.ended, other.ended], [['4401 session_ended'], []], 'what was judged by the rules before, and opened after')
})

t.test('another key closes nothing: what is open goes on, and ends when the same session is signed out of by the new key', async t => {
  const { gate, live, start, old } = setUp()
  const before = gate({ kept: 'cookies' })
  const cookie = await start(before.sessions)
  let current = before.sessions
  const through = new Proxy({} as Sessions, { get: (_target, name: keyof Sessions) => current[name] })
  const held = hold(live(through), await before.open(cookie))
  const after = gate({ kept: 'cookies', keys: [randomBytes(32), old] })
  current = after.sessions
  await wait(550)
  t.strictSame(held.ends(), OPEN)
  const touched = await after.open(cookie)
  t.not(touched, null)
  await after.sessions.end(touched)
  await wait(550)
  t.strictSame(held.ends(), ENDED)
})

t.test('when the gate stops: websockets and event streams at once, what ends by itself when it cannot wait any longer', async t => {
  const { gate, live, start } = setUp()
  const { sessions, open } = gate()
  const all = live(sessions)
  const session = await open(await start(sessions))
  const held = hold(all, session)
  const [download, late, page] = [stream(), stream(), stream()]
  let isEventStream = false
  all.watch(session, download, undefined, false)
  all.watch(session, late, undefined, () => isEventStream)
  all.watch(session, page, undefined, () => false)
  isEventStream = true
  all.close()
  t.strictSame([held.ends(), download.destroyed, late.destroyed, page.destroyed], [[['1001 the gate stops'], true], false, true, false])
  await sessions.end(session)
  await wait(550)
  t.strictSame([download.destroyed, page.destroyed], [true, true], 'and until then they end with their session')
  const last = stream()
  all.watch(session, last)
  all.close({ hard: true })
  t.equal(last.destroyed, true)
})

t.test('of ten thousand open websockets each is asked about once a look, and as long as nothing has changed nothing is worked out anew', async t => {
  let refusals = 0
  const { gate, start, outside } = setUp()
  const { sessions, open } = gate({ refuse: () => {
    refusals++
    return null
  } })
  const asked = new Map<string, number>()
  const counted = new Proxy(sessions, { get (target, name: keyof Sessions) {
    const member = target[name]
    if (typeof member !== 'function') return member
    return (...given: never[]) => {
      asked.set(name, (asked.get(name) ?? 0) + 1)
      return (member as (...given: never[]) => unknown)(...given)
    }
  } })
  const all = createLiveSessions(() => counted, { outside })
  const opened = await Promise.all(Array.from({ length: 1000 }, async () => await open(await start(sessions))))
  for (let count = 0; count < 10_000; count++) all.keep(opened[count % 1000] as Session, channel(), { target: `/ws?${count}`, method: 'GET', host: 'app.example' })
  asked.clear()
  refusals = 0
  await wait(1200)
  const looks = (asked.get('mayStay') ?? 0) / 10_000
  t.ok(looks >= 1 && Number.isInteger(looks), `in ${looks} looks`)
  t.strictSame(asked, new Map([['mayStay', looks * 10_000], ['tidy', looks]]))
  asked.clear()
  let admissions = 0
  all.judge(() => {
    admissions++
    return true
  })
  t.equal(admissions, 10_000, 'by other rules each is judged once')
  t.strictSame(asked, new Map([['newest', 10_000], ['mayStay', 10_000], ['tidy', 1]]))
  t.equal(refusals, 0, 'and of nobody is it asked who they are')
})
