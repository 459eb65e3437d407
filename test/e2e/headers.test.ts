import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type LogLine, type TestApp } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'
import { valuesOf } from '../proxy/setup.ts'

const person = (login: string, claims: Record<string, unknown> = {}) => ({ login, about: login, claims: { sub: `h-${login}`, preferred_username: login, name: login, email: `${login}@example.com`, email_verified: true, ...claims } })
const people = [
  person('eve', { groups: ['staff', 'Sales, EMEA', '100%', 'Geschäftsführung'], org: { department: 'R&D', cost: 7 }, nick: 'Žofia 山田' }),
  person('mal', { groups: ['staff'], nick: 'x\r\nX-Acme-Admin: yes\r\n\r\nGET /admin HTTP/1.1', org: { department: '%0d%0a' } }),
  person('bare', { groups: [] }),
  person('huge', { nick: 'x'.repeat(2_040), org: { department: 'y'.repeat(1_900) } }),
  person('vast', { nick: 'x'.repeat(2_049) })
]
const settings: Settings = {
  header: { 'X-WEBAUTH-USER': 'login', 'Remote-Groups': 'groups', 'X-Acme-Person': 'user', 'X-Acme-Dept': 'claims.department', 'X-Acme-Cost': 'claims.cost', 'X-Acme-Nick': 'claims.nick', 'X-Forwarded-User': 'subject' },
  claim: { department: 'org.department', cost: 'org.cost', nick: 'nick' },
  rules: [{ path: '/open', allow: 'optional' }, { path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }]
}

/** One spelling after another of headers that only the gate may write. */
const SPELLINGS = ['X-Acme-Person', 'x-acme-person', 'X_Acme_Person', 'x.ACME.person', 'X_acme-Nick', 'X-Acme.Dept', 'x-webauth-USER', 'Remote_Groups', 'X_Forwarded_User']
const forged = Object.fromEntries(SPELLINGS.map(name => [name, 'mallory']))

const last = ({ received }: TestApp) => received.at(-1)?.rawHeaders ?? []
t.test('the app is told what the settings say, of a person who signed in', async t => {
  const { origin, app } = await startGate(t, { provider: { people }, settings })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/`, 'eve')).status, 200)
  t.match(app.received.at(-1)?.headers, {
    'x-webauth-user': 'eve', 'remote-groups': 'staff,Sales%2C EMEA,100%25,Gesch%C3%A4ftsf%C3%BChrung', 'x-acme-person': 'eve@example.com', 'x-acme-dept': 'R&D', 'x-acme-cost': '7',
    'x-acme-nick': '%C5%BDofia %E5%B1%B1%E7%94%B0', 'x-forwarded-user': 'h-eve', 'x-forwarded-email': 'eve@example.com'
  })
  t.match(JSON.parse((await visitor.ask(`${origin}/oauth2/userinfo`)).body), { user: 'eve@example.com', claims: { department: 'R&D', cost: 7, nick: 'Žofia 山田' } })
  await new Visitor().signIn(`${origin}/`, 'bare')
  t.strictSame(['remote-groups', 'x-acme-dept', 'x-acme-cost', 'x-acme-nick'].filter(name => name in (app.received.at(-1)?.headers ?? {})), [], 'and what somebody has not is no header')
  t.equal(app.received.at(-1)?.headers['x-webauth-user'], 'bare')
})

t.test('header spoofing: no client says what a header setting says, in any spelling, on any route, signed in or not', async t => {
  const { origin, app } = await startGate(t, { provider: { people }, settings })
  const visitor = new Visitor()
  t.equal((await visitor.ask(`${origin}/open`, { headers: forged })).status, 200)
  t.equal((await visitor.ask(`${origin}/open`, { headers: { ...forged, connection: 'close, X-Acme-Person' } })).status, 200)
  t.strictSame(app.received.map(({ rawHeaders }) => SPELLINGS.flatMap(name => valuesOf(rawHeaders, name))), [[], []], 'of a stranger the app hears nothing')
  await visitor.signIn(`${origin}/`, 'eve')
  for (const path of ['/', '/open']) {
    for (const headers of [forged, { ...forged, connection: 'close, x-acme-person, X-WEBAUTH-USER' }]) {
      await visitor.ask(origin + path, { headers })
      t.strictSame(['X-Acme-Person', 'X-WEBAUTH-USER', 'X-Forwarded-User', 'X-Acme-Dept'].map(name => valuesOf(last(app), name)), [['eve@example.com'], ['eve'], ['h-eve'], ['R&D']], `ours, once: ${path}`)
    }
  }
  await visitor.ask(`${origin}/public`, { headers: forged })
  t.strictSame([...SPELLINGS, 'X-Acme-Person', 'X-WEBAUTH-USER', 'X-Forwarded-User'].flatMap(name => valuesOf(last(app), name)), [], 'a public page is told of nobody, by nobody')
  await new Visitor().signIn(`${origin}/`, 'bare')
  t.notMatch(JSON.stringify(app.received), /mallory/, 'and the client’s word was nowhere')
})

t.test('header spoofing by a websocket’s upgrade', async t => {
  const server = createServer((_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({ server })
  const seen: string[][] = []
  sockets.on('connection', (socket, { rawHeaders }) => {
    seen.push(rawHeaders)
    socket.close()
  })
  const { origin } = await startGate(t, { provider: { people }, settings: { ...settings, passAuthorizationHeader: true }, app: { url: await startServer(t, server), received: [] } })
  const visitor = new Visitor()
  const open = async (path: string, cookie: string) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, { headers: { origin, authorization: 'Basic mallory', ...forged, ...cookie !== '' && { cookie } } })
    await once(socket, 'close')
  }
  await open('/open', '')
  t.strictSame(SPELLINGS.flatMap(name => valuesOf(seen[0] ?? [], name)), [])
  await visitor.signIn(`${origin}/`, 'eve')
  await open('/ws', cookiesOf(visitor))
  t.equal(seen.length, 2)
  t.strictSame(['X-Acme-Person', 'X-WEBAUTH-USER', 'X-Acme-Cost'].map(name => valuesOf(seen[1] ?? [], name)), [['eve@example.com'], ['eve'], ['7']])
  t.match(valuesOf(seen[1] ?? [], 'Authorization'), [/^Bearer eyJ/])
  t.notMatch(JSON.stringify(seen), /mallory/)
})

t.test('header injection: a claim with line breaks is one header’s value and nothing else', async t => {
  const { origin, app } = await startGate(t, { provider: { people }, settings })
  t.equal((await new Visitor().signIn(`${origin}/`, 'mal')).status, 200)
  t.equal(app.received.at(-1)?.headers['x-acme-nick'], 'x%0D%0AX-Acme-Admin: yes%0D%0A%0D%0AGET /admin HTTP/1.1')
  t.equal(app.received.at(-1)?.headers['x-acme-dept'], '%250d%250a', 'and what looks encoded is not taken for it')
  t.notOk(app.received.some(({ headers, url }) => 'x-acme-admin' in headers || url === '/admin'))
  t.equal(app.received.length, 1)
})

t.test('who has more than a claim or the headers may have gets a page, no session, and the log names the setting', async t => {
  const log: LogLine[] = []
  const repeated = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`X-Copy-${index}`, 'claims.nick']))
  const { origin, app } = await startGate(t, { provider: { people }, settings: { ...settings, header: repeated }, log })
  for (const [login, detail] of [['vast', /--claim=nick=… has 2051 bytes/], ['huge', /the headers for the app have 18\d{3} bytes.*--header/]] as const) {
    const visitor = new Visitor()
    t.match(await visitor.signIn(`${origin}/`, login), { status: 403, headers: { 'x-oauth-gate': 'GATE_IDENTITY_TOO_LARGE' } }, login)
    t.ok(log.some(line => detail.test(JSON.stringify(line))), `${login} in the log`)
    t.equal((await visitor.ask(`${origin}/`)).status, 401)
  }
  t.equal(app.received.length, 0)
})

async function startWithTokens (t: Test, more: Settings = {}, log?: LogLine[]) {
  return await startGate(t, { provider: { people }, settings: { passAccessToken: true, passAuthorizationHeader: true, rules: settings.rules, ...more }, ...log !== undefined && { log } })
}

t.test('tokens reach the app where settings pass them on, and nothing else shows them', async t => {
  const { origin, app } = await startWithTokens(t)
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/`, 'eve')
  const { authorization = '', 'x-forwarded-access-token': access = '' } = app.received.at(-1)?.headers as Record<string, string>
  t.match(authorization, /^Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
  t.match(JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString()), { sub: 'h-eve', aud: 'gate' }, 'it is the id_token')
  t.match(access, /^[\w-]{20,}$/)
  const shown = [await visitor.ask(`${origin}/oauth2/userinfo`), await visitor.navigate(`${origin}/oauth2/sign_in`)]
  for (const { body, headers } of shown) t.notOk([access, authorization.slice(7)].some(token => (body + JSON.stringify(headers)).includes(token)))
  t.match(JSON.parse(shown[0]?.body ?? ''), { user: 'eve@example.com' })
  t.notOk('tokens' in (JSON.parse(shown[0]?.body ?? '') as object))
  t.notOk([...visitor.seen, cookiesOf(visitor), page.body.replaceAll(/"(?:authorization|x-forwarded-access-token)":"[^"]*"/g, '')].join().includes(access))
})

t.test('a client’s own Authorization and access token go no further, signed in or not, on public routes too', async t => {
  const { origin, app } = await startWithTokens(t)
  const visitor = new Visitor()
  const theirs = { authorization: 'Bearer mallory', x_forwarded_access_token: 'mallory', 'X-Forwarded-Access-Token': 'mallory' }
  await visitor.ask(`${origin}/open`, { headers: theirs })
  t.notOk('authorization' in (app.received.at(-1)?.headers ?? {}))
  await visitor.signIn(`${origin}/`, 'eve')
  await visitor.ask(`${origin}/open`, { headers: theirs })
  t.match(valuesOf(last(app), 'Authorization'), [/^Bearer eyJ/])
  t.notMatch(JSON.stringify(app.received), /mallory/)
})

t.test('without the settings no token is kept, and Authorization is the app’s own', async t => {
  const { origin, app } = await startGate(t, { provider: { people } })
  const [plain, keeping] = [new Visitor(), new Visitor()]
  await plain.signIn(`${origin}/`, 'eve')
  await plain.ask(`${origin}/`, { headers: { authorization: 'Basic app' } })
  t.equal(app.received.at(-1)?.headers.authorization, 'Basic app')
  t.notOk(app.received.some(({ headers }) => 'x-forwarded-access-token' in headers))
  const other = await startWithTokens(t)
  await keeping.signIn(`${other.origin}/`, 'eve')
  t.ok(cookiesOf(plain).length + 500 < cookiesOf(keeping).length, 'the session has grown by the tokens only where they are passed on')
})

t.test('of a provider that sends no id_token there is no Authorization, and the access token all the same', async t => {
  const { origin, app } = await startGate(t, {
    provider: { people, issueIdToken: false },
    settings: ({ provider: { endpoints } }) => ({ oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: endpoints.authorize, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo, oauthScope: ['openid', 'email', 'profile'], passAccessToken: true, passAuthorizationHeader: true })
  })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/`, 'eve')).status, 200)
  await visitor.ask(`${origin}/`, { headers: { authorization: 'Basic theirs' } })
  t.notOk('authorization' in (app.received.at(-1)?.headers ?? {}))
  t.match(app.received.at(-1)?.headers['x-forwarded-access-token'], /^[\w-]{20,}$/)
})
