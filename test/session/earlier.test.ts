import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'
import { keepInCookies } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createMarks, type Marks, type Session } from '../../src/session/opened.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { TestOutside } from '../fixtures/outside.ts'

const LIFETIME = 24 * 3_600_000
const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', groups: [], teams: [], organizations: [], claims: {} }
const header = (cookies: readonly SetCookie[]) => cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')

t.test('what an app was told before a refresh stays with the session when another configuration takes over, and with no other session', async t => {
  const outside = new TestOutside()
  const { session: seal } = createKeyring(undefined, [randomBytes(32)], outside)
  const revocations = createRevocations({ outside, lifetime: LIFETIME })
  const gate = (told?: Marks) => createSessions({ keeping: keepInCookies({ seal, outside, gate: 'gate' }), revocations, outside, lifetime: LIFETIME, renews: true, headers: () => [], refuse: () => null, pageMarks: ({ version }) => [`version ${version}`], told })
  const told = createMarks()
  const before = gate(told)
  const open = async (sessions: ReturnType<typeof gate>, cookie: string) => await sessions.open(jar, cookie) as Session
  const begin = async () => header(await before.start(jar, undefined, ada, { tokens: { refresh: 'r' } }))
  const [cookie, other] = [await begin(), await begin()]
  const first = await open(before, cookie)
  t.strictSame(first.earlier, [])
  const renewed = await before.renew(jar, { session: first, token: jar.readSession(cookie) ?? '' }, ada, { refresh: 's' })
  const now = header(jar.writeSession(renewed?.token ?? '', LIFETIME, undefined))
  t.strictSame((await open(before, now)).earlier, ['version 0'])
  t.strictSame((await open(gate(told), now)).earlier, ['version 0'])
  t.strictSame((await open(gate(told), other)).earlier, [])
  t.strictSame((await open(gate(), now)).earlier, [], 'and that was the reason')
})
