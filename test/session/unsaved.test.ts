// What a provider has answered and no store takes for a long time.
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { StoreUnavailable, type Refusal } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'
import { keepInCookies, keepInStore } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createRenewals } from '../../src/session/renewals.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import type { Store } from '../../src/session/store/store.ts'
import { createWindow } from '../../src/session/window.ts'
import { TestOutside } from '../fixtures/outside.ts'

const HOUR = 3_600_000
const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', groups: [], teams: [], organizations: [], claims: {} }
const header = (cookies: readonly SetCookie[]) => cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')

function setUp (kept: 'cookies' | 'store') {
  const outside = new TestOutside()
  const state = { isAway: false, generation: 0, refusal: null as Refusal | null, onWrite: () => {} }
  const store = new Proxy<Store>(createMemoryStore({ outside }), {
    get: (target, name: keyof Store) => typeof target[name] !== 'function' || name === 'listen' ? target[name] : async (...given: never[]) => {
      if (state.isAway && (name === 'set' || name === 'replace')) throw new StoreUnavailable('away')
      if (name === 'set' || name === 'replace') state.onWrite()
      return await (target[name] as (...given: never[]) => Promise<unknown>)(...given)
    }
  })
  const seal = createKeyring(undefined, [randomBytes(32)], outside).session
  const window = kept === 'cookies' ? createWindow({ store, outside, seal }) : undefined
  const keeping = { seal, outside, gate: 'gate' }
  const sessions = createSessions({
    keeping: kept === 'cookies' ? keepInCookies(keeping) : keepInStore({ ...keeping, store }), revocations: createRevocations({ outside, lifetime: 24 * HOUR }), renews: true, window, outside,
    lifetime: 24 * HOUR, headers: ({ groups }) => ['X-Groups', groups.join()], refuse: () => state.refusal, generation: () => state.generation
  })
  const sent: (string | undefined)[] = []
  const told: string[] = []
  const renewals = createRenewals({ sessions, window, outside,
    async ask ({ identity }, { refresh }) {
      sent.push(refresh)
      return { identity: { ...identity, groups: [`round-${sent.length}`] }, tokens: { refresh: `refresh-${sent.length}`, renewAt: outside.now() + HOUR } }
    },
    told: {
      renewed: ({ version }) => { told.push(`renewed ${version}`) },
      failed: (_session, error) => { told.push(`failed ${String(error)}`) },
      ended: (_session, cause) => { told.push(`ended ${cause}`) }
    }
  })
  const request = async (cookie: string) => {
    const session = await sessions.open(jar, cookie)
    return session === null || !renewals.isDue(session) ? session : (await renewals.current(session, jar, cookie, true)).session
  }
  const start = async () => header(await sessions.start(jar, undefined, ada, { tokens: { refresh: 'refresh-0', renewAt: outside.now() + HOUR } }))
  return { outside, state, sessions, sent, told, request, start }
}

/** What waits for a minute waits for a moment. */
function hurry (t: Test): void {
  const { setTimeout: real } = globalThis
  globalThis.setTimeout = ((work: () => void, milliseconds = 0) => real(work, milliseconds / 500)) as typeof setTimeout
  t.teardown(() => { globalThis.setTimeout = real })
}

for (const kept of ['cookies', 'store'] as const) {
  t.test(`sessions in ${kept}: a token that was spent is never sent again, though no store took what came for it in more than a minute`, async t => {
    hurry(t)
    const { outside, state, sent, told, request, start } = setUp(kept)
    const cookie = await start()
    outside.advance(HOUR)
    state.isAway = true
    await t.rejects(request(cookie), StoreUnavailable)
    await t.rejects(request(cookie), StoreUnavailable, 'and again')
    state.isAway = false
    t.match(await request(cookie), { version: 1, headers: ['X-Groups', 'round-1'] })
    t.strictSame(sent, ['refresh-0'])
    outside.advance(HOUR)
    t.match(await request(cookie), { version: 2 })
    t.strictSame(sent, ['refresh-0', 'refresh-1'], 'and then the next one')
    t.strictSame(told, ['renewed 1', 'renewed 2'])
  })
}

t.test('a list that changes while a renewed session is being kept counts for the very request that waited', async t => {
  const { outside, state, request, start } = setUp('cookies')
  const [one, two] = [await start(), await start()]
  outside.advance(HOUR)
  state.onWrite = () => {
    state.generation++
    state.refusal = { reason: 'not you', detail: 'list' }
  }
  t.match(await request(one), { version: 1, refusal: { reason: 'not you' } })
  state.onWrite = () => {
    state.generation++
    state.refusal = null
  }
  t.match(await request(two), { version: 1, refusal: null }, 'and the other way round')
})
