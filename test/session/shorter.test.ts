// A lifetime that was shortened since a session began.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createCookieJar } from '../../src/session/cookies.ts'
import { keepInCookies } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { farAway } from './store/far.ts'

const DAY = 86_400_000
const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada = { provider: 'oidc', subject: '1', user: 'ada@example.com', groups: [], teams: [], organizations: [], claims: {} }

t.test('a back-channel logout holds for sessions that began under a longer --oauth-expiry-days', async t => {
  const outside = new TestOutside()
  const key = randomBytes(32)
  const store = farAway(createMemoryStore({ outside }))
  const start = (days: number) => {
    const revocations = createRevocations({ outside, lifetime: days * DAY, store })
    return { revocations, sessions: createSessions({ keeping: keepInCookies({ seal: createKeyring(undefined, [key], outside).session, outside, gate: 'g' }), revocations, outside, lifetime: days * DAY, headers: () => [], refuse: () => null }) }
  }
  const before = start(14)
  await before.revocations.recall()
  const header = (await before.sessions.start(jar, undefined, ada)).map(({ name, value }) => `${name}=${value}`).join('; ')
  const after = start(1)
  await after.revocations.recall()
  outside.advance(1000)
  await after.revocations.revokeSubject('oidc', '1')
  t.equal(await after.sessions.open(jar, header), null)
  outside.advance(DAY + 1000)
  const later = start(1)
  await later.revocations.recall()
  t.equal(await later.sessions.open(jar, header), null, 'nor does anybody remember it then')
})
