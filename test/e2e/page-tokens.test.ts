import { createSecretKey } from 'node:crypto'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createPageTokens } from '../../src/plugins/page-tokens.ts'
import { createPanelCookies, signValue } from '../../src/session/panel-cookies.ts'
import { COOKIE_SECRET, startGate, type LogLine } from '../fixtures/gate.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { personCalled, type Person } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { forgeToken, openSession, type TokenContent } from '../panel/bokeh.ts'
import { handshake } from '../panel/setup.ts'

const LIFE = 120
const rules: Settings['rules'] = [{ path: '/open', allow: 'optional' }, { path: '/', allow: 'signed-in' }]
const panel: Settings = { upstreamIdentity: 'panel-cookies', websocketOrigin: 'bokeh', rules }

/** An app that keeps what it was told in the token of its page, as Bokeh does, and opens whatever comes. */
async function startBokehLike (t: Test) {
  const opened: string[] = []
  const server = createServer((request, response) => {
    const { cookie = '', ...headers } = Object.fromEntries(Array.from({ length: request.rawHeaders.length / 2 }, (_, at) => [request.rawHeaders[2 * at], request.rawHeaders[2 * at + 1]] as [string, string]))
    const cookies = Object.fromEntries(cookie.split('; ').filter(pair => pair !== '').map(pair => pair.split(/=(.*)/s).slice(0, 2) as [string, string]))
    response.end(JSON.stringify({ url: request.url, headers, cookies } satisfies TokenContent & { url: string | undefined }))
  })
  new WebSocketServer({ server }).on('connection', (socket, { url }) => {
    opened.push(url ?? '')
    socket.close()
  })
  return { app: { url: await startServer(t, server), received: [] }, opened }
}

async function setUp (t: Test, settings: Settings = {}, start = '/who') {
  const people = [personCalled('ada'), personCalled('ben')]
  const log: LogLine[] = []
  const { app, opened } = await startBokehLike(t)
  const running = await startGate(t, { app, log, redirectPaths: ['', '/apps'], settings: { ...panel, ...settings }, provider: { refreshTokens: true, accessTokenLife: LIFE, people } })
  const [ada, ben, nobody] = [new Visitor(), new Visitor(), new Visitor()]
  await ada.signIn(running.origin + start, 'ada')
  await ben.signIn(running.origin + start, 'ben')
  return {
    ...running, log, opened, ada, ben, nobody,
    change (claims: Record<string, unknown>) {
      const [{ claims: before, ...rest }] = people as [Person, Person]
      people[0] = { ...rest, claims: { ...before, ...claims } } as Person
    },
    page: async (visitor: Visitor, path = '/who') => JSON.parse((await visitor.navigate(running.origin + path)).body) as Required<TokenContent>,
    open: async (visitor: Visitor, token: string, path = '/who') => (await openSession(running.origin + path, token, handshake(running, visitor))).status,
    reasons: () => log.filter(line => line['code'] === 'GATE_PAGE_TOKEN_REFUSED').map(line => String(line['detail'] ?? line['msg']))
  }
}

for (const [way, settings] of [['plain', {}], ['sealed for the app', { oauthEncryptionKey: ['AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='] }]] as const) {
  t.test(`cookies that are ${way}: the page of who signed in opens for them as long as the session lasts, whatever changed meanwhile`, async t => {
    const { ada, page, open, outside, change, opened } = await setUp(t, { ...settings, oauthRefreshTokens: true, passAccessToken: true, header: ['X-Team=groups[0]'] })
    const first = forgeToken(await page(ada))
    const second = forgeToken(await page(ada, '/open/who'))
    t.strictSame([await open(ada, first), await open(ada, second), await open(ada, second, '/open/who'), await open(ada, first)], [101, 101, 101, 101], 'two tabs, and one comes back')
    outside.advance(70_000)
    t.equal(await open(ada, first), 101, 'the cookies are signed anew each minute')
    change({ groups: ['board'], name: 'Ada B.' })
    for (let renewals = 0; renewals < 6; renewals++) {
      outside.advance(95_000)
      t.equal(await open(ada, first), 101, 'after tokens were renewed, and with them groups and name')
    }
    t.match((await page(ada)).headers, { 'X-Forwarded-Groups': 'board', 'X-Team': 'board' })
    t.equal(await open(ada, forgeToken(await page(ada))), 101)
    outside.advance(20 * 3_600_000)
    t.equal(await open(ada, first), 101, 'a laptop slept')
    outside.advance(5 * 3_600_000)
    t.equal(await open(ada, first), 401, 'and not a moment longer')
    t.equal(opened.length, 13)
  })
}

t.test('a token with words of another, or made up, is refused before the app is asked, and the log says which', async t => {
  const { ada, ben, page, open, opened, reasons, log } = await setUp(t, { passAccessToken: true })
  const [hers, his] = [await page(ada), await page(ben)]
  const key = createSecretKey(Buffer.from('some other secret'))
  const { user = '', id_token = '', access_token = '' } = hers.cookies
  const forgeries: readonly (readonly [TokenContent, RegExp])[] = [
    [hers, /cookie user is for "ada@example\.com"/],
    [{ ...his, cookies: { ...his.cookies, id_token } }, /cookie id_token is not this session’s/],
    [{ ...his, cookies: { ...his.cookies, access_token } }, /cookie access_token is not this session’s/],
    [{ ...his, cookies: { ...his.cookies, user: signValue(key, 'user', 'ben@example.com', Date.now()) } }, /cookie user was not signed here/],
    [{ ...his, cookies: { user: his.cookies['id_token'] ?? '' } }, /cookie user was not signed here/],
    [{ ...his, cookies: { user: user.replace(/\|(\d\d):/, '|0$1:') } }, /cookie user was not signed here/],
    [{ ...his, cookies: { theme: `dark; user=${user}` } }, /cookie user is for "ada@example\.com"/],
    [{ ...his, cookies: { 'x; user': user } }, /cookie user is for "ada@example\.com"/],
    [{ ...his, cookies: { theme: `dark "user=${user}` } }, /some would read as one of ours/],
    [{ ...his, headers: { ...his.headers, Cookie: `user=${user}` } }, /cookie user is for "ada@example\.com"/],
    [{ ...his, headers: { COOKIE: `a=1; id_token=${id_token}` } }, /cookie id_token/],
    ...['X-Forwarded-User', 'x-forwarded-user', 'X_Forwarded.User', 'X-Forwarded-Groups', 'X-Forwarded-Role', 'X-Forwarded-Email', 'X-Forwarded-Access-Token'].map(name => [{ ...his, headers: { [name]: 'root' } }, /its header x-forwarded-[a-z-]+ is not/] as const),
    [{ ...his, headers: { ...his.headers, 'x-forwarded-USER': 'root' } }, /its header x-forwarded-user/]
  ]
  for (const [content, reason] of forgeries) {
    t.equal(await open(ben, forgeToken(content)), 403, JSON.stringify(content).slice(0, 60))
    t.match(reasons().at(-1), reason)
  }
  for (const token of ['no-token', `${forgeToken(his)}!`]) {
    t.equal(await open(ben, token), 403)
    t.match(reasons().at(-1), /cannot be read/)
  }
  const own = forgeToken({ ...his, headers: { ...his.headers, 'X-Own': 'free', 'X-Forwarded-For': '10.0.0.1' }, cookies: { ...his.cookies, theme: 'user' } })
  t.strictSame(opened, [])
  t.equal(await open(ben, own), 101, 'what says nothing of who he is, is the app’s to judge')
  for (const secret of [user, id_token, access_token, COOKIE_SECRET]) t.notMatch(JSON.stringify(log), secret.slice(-40), 'and no token is logged')
})

t.test('the page that somebody has open is theirs, whatever token its id stands in', async t => {
  const { ada, ben, nobody, page, open, opened } = await setUp(t)
  const [hers, his] = [await page(ada), await page(ben)]
  t.equal(await open(ada, forgeToken(hers, 'her-page')), 101)
  t.equal(await open(ben, forgeToken(his, 'her-page')), 403)
  t.equal(await open(ben, forgeToken({}, 'her-page')), 403)
  t.equal(await open(nobody, forgeToken({}, 'her-page'), '/open'), 403)
  t.equal(await open(ada, forgeToken(hers, 'her-page')), 101)
  for (let at = 0; at < 80; at++) await open(ben, forgeToken(his, `page-${at}`))
  t.equal(await open(ben, forgeToken(his, 'her-page')), 403, 'also after many of his own')
  t.equal(opened.length, 82)
})

t.test('tokens that another gate has renewed: another id_token of the same person is theirs, one of anybody else is not', async t => {
  const outside = new TestOutside(Date.now())
  const { of, open } = createPanelCookies({ secret: COOKIE_SECRET, seal: undefined, passAccessToken: false, passRefreshToken: false, outside })
  const { whyNot } = createPageTokens({ owned: new Set(), prefix: '/', open })
  const idToken = (claims: object) => `head.${Buffer.from(JSON.stringify({ iss: 'https://id.example.com', sub: '1', user: 'ada', ...claims })).toString('base64url')}.mac`
  const identity: Identity = { provider: 'oidc', subject: '1', user: 'ada', groups: [], teams: [], organizations: [], claims: {} }
  const session = (id: string) => ({ id: 's', identity, startedAt: outside.now(), expiresAt: Infinity, version: 0, renewAt: Infinity, headers: [], cookies: of(identity, { id }), earlier: [], refusal: null })
  const why = (claims: object) => {
    const cookies = Object.fromEntries(of(identity, { id: idToken(claims) })().split('; ').map(pair => pair.split(/=(.*)/s).slice(0, 2) as [string, string]))
    return whyNot('/ws', `bokeh, ${forgeToken({ cookies })}`, session(idToken({ iat: 2 })))
  }
  t.equal(why({ iat: 1, groups: ['before'] }), undefined)
  for (const other of [{ sub: '2' }, { sub: 1 }, { sub: undefined }, { iss: 'https://other.example.com' }]) t.match(why(other), /id_token is not this session’s/, JSON.stringify(other))
})

t.test('guests and strangers: a page that names nobody is anybody’s, one that names somebody is not a stranger’s', async t => {
  const { ada, nobody, page, open, reasons } = await setUp(t)
  const [guests, hers] = [await page(nobody, '/open'), await page(ada, '/open')]
  t.match(guests.cookies, { is_guest: '1' })
  t.equal(await open(nobody, forgeToken(guests), '/open'), 101)
  t.equal(await open(nobody, forgeToken({}), '/open'), 101)
  t.equal(await open(ada, forgeToken(guests), '/open'), 101, 'who has signed in since goes on as the guest that the page is for')
  for (const content of [hers, { headers: hers.headers }, { cookies: hers.cookies }]) {
    t.equal(await open(nobody, forgeToken(content), '/open'), 403)
    t.match(reasons().at(-1), /somebody’s page, and nobody is signed in/)
  }
})

t.test('what was signed before this sign-in is refused: rights that somebody no longer has would come back with it', async t => {
  const { ada, page, open, outside, origin, reasons } = await setUp(t)
  const before = forgeToken(await page(ada))
  await ada.navigate(`${origin}/oauth2/sign_out`)
  outside.advance(3_600_000)
  for (const jar of ada.cookies.values()) jar.clear()
  await ada.signIn(`${origin}/who`, 'ada')
  t.equal(await open(ada, before), 403)
  t.match(reasons().at(-1), /cookie user is from before this sign-in/)
  t.equal(await open(ada, forgeToken(await page(ada))), 101)
})

t.test('a token is for the websocket of its page, under whatever prefix', async t => {
  const { ada, page, open } = await setUp(t, { prefix: '/apps' }, '/apps/who')
  const hers = await page(ada, '/apps/who')
  const of = (app_path: string) => forgeToken({ ...hers, app_path } as TokenContent)
  for (const [made, at] of [['/who', '/apps/who'], ['/apps/who', '/apps/who'], ['/base/apps/who', '/apps/who'], ['/who/', '/apps/who'], ['/', '/apps'], ['/apps', '/apps']] as const) t.equal(await open(ada, of(made), at), 101, `${made} at ${at}`)
  for (const [made, at] of [['/who', '/apps/private'], ['/', '/apps/private'], ['/private', '/apps'], ['/ho', '/apps/who']] as const) t.equal(await open(ada, of(made), at), 403, `${made} at ${at}`)
})

t.test('app=bokeh: headers are checked, cookies are the app’s own, and no link brings a token', async t => {
  const { ada, ben, page, open } = await setUp(t, { upstreamIdentity: 'headers' })
  const [hers, his] = [await page(ada), await page(ben)]
  t.equal(await open(ada, forgeToken(hers)), 101)
  t.equal(await open(ben, forgeToken(hers)), 403)
  t.equal(await open(ben, forgeToken({ ...his, headers: { 'x-forwarded-groups': 'admins' } })), 403)
  t.equal(await open(ben, forgeToken({ ...his, cookies: { user: 'whoever' } })), 101)
  t.match(await page(ben, '/who?bokeh-token=x&bokeh-session-id=y&z=1'), { url: '/who?z=1' })
})

t.test('other apps’ websockets are nobody’s business here, and other subprotocols are none', async t => {
  const { ada, ben, page, open } = await setUp(t, { upstreamIdentity: 'headers', websocketOrigin: 'preserve' })
  t.equal(await open(ben, forgeToken(await page(ada))), 101, 'an app that was not said to be Bokeh’s')
})
