// Points of Panel's checklist (points.ts) that no other test shows. The number is that of the point.
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { loadConfig, type LoadOptions } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createGate } from '../../src/gate.ts'
import { load, problems, secret } from '../config/setup.ts'
import { startApp, startGate } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { openSession } from './bokeh.ts'
import { handshake } from './setup.ts'

const TENANT = '11111111-2222-3333-4444-555555555555'
const GENERIC = '{\'AUTHORIZE_URL\': \'https://id.example.com/a\', \'TOKEN_URL\': \'https://id.example.com/t\', \'USER_URL\': \'https://id.example.com/u\'}'
const USUAL = 'openid email profile'
const providers: readonly (readonly [name: string, extra: string, at: string, scope: string, secret?: false])[] = [
  ['azure', `{'tenant': '${TENANT}'}`, `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/authorize`, USUAL],
  ['azurev2', `{'tenant': '${TENANT}'}`, `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/authorize`, USUAL],
  ['bitbucket', '{}', 'https://bitbucket.org/site/oauth2/authorize', 'account email'],
  ['GitHub', '{}', 'https://github.com/login/oauth/authorize', 'read:user user:email'],
  ['gitlab', '{}', 'https://gitlab.com/oauth/authorize', USUAL],
  ['google', '{}', 'https://accounts.google.com/o/oauth2/v2/auth', USUAL],
  ['okta', '{\'url\': \'dev-1.okta.com\'}', 'https://dev-1.okta.com/oauth2/default/v1/authorize', USUAL],
  ['auth0', '{\'subdomain\': \'dev-1.us\'}', 'https://dev-1.us.auth0.com/authorize', USUAL],
  ['generic', GENERIC, 'https://id.example.com/a', USUAL],
  ['code', GENERIC, 'https://id.example.com/a', USUAL, false],
  ['auth_code', GENERIC, 'https://id.example.com/a', USUAL, false]
]

/** Where a gate with these settings sends a browser. */
async function authorizeUrl (t: Test, more: LoadOptions): Promise<URL> {
  const { config } = loadConfig({ env: {}, ...more, flags: { upstream: 'http://127.0.0.1:9', 'log-level': 'silent', ...more.flags } })
  const gate = await createGate(config)
  t.teardown(() => gate.close())
  const answer = await gate.inject({ url: '/oauth2/start?rd=%2Fapp', headers: { host: 'app.example.com', 'sec-fetch-mode': 'navigate' } })
  return new URL(String(answer.headers.location))
}

t.test('checklist 1, 2, 9: each provider of Panel, by variables and by flags in any case, leads to the same', async t => {
  for (const [name, extra, at, scope, takesSecret] of providers) {
    const parts = [['PROVIDER', 'provider', name], ['KEY', 'key', 'CLIENT_ID'], ...takesSecret === false ? [] : [['SECRET', 'secret', 'CLIENT_SECRET']], ['EXTRA_PARAMS', 'extra-params', extra]] as const
    const byVariables = await authorizeUrl(t, { env: { PANEL_COOKIE_SECRET: secret, ...Object.fromEntries(parts.map(([variable, , value]) => [`PANEL_OAUTH_${variable ?? ''}`, value ?? ''])) } })
    const byFlags = await authorizeUrl(t, { flags: { 'cookie-secret': secret, ...Object.fromEntries(parts.map(([, flag, value]) => [`oauth-${flag ?? ''}`, value ?? ''])) } })
    for (const url of [byVariables, byFlags]) {
      t.equal(url.origin + url.pathname, at, name)
      t.match(Object.fromEntries(url.searchParams), { response_type: 'code', client_id: 'CLIENT_ID', redirect_uri: /^http:\/\/app\.example\.com$/, scope: new RegExp(`^${scope}$`), code_challenge_method: 'S256', state: /./ })
      for (const once of ['state', 'nonce', 'code_challenge']) url.searchParams.delete(once)
    }
    t.equal(byVariables.href, byFlags.href)
    t.notMatch(byFlags.href, /CLIENT_SECRET/)
  }
})

t.test('checklist 16: a nested list is read as Python reads it, and refused at start where no query could say it', t => {
  const refused = (text: string) => problems(() => load({ 'oauth-extra-params': text })).map(({ setting }) => setting)
  t.strictSame(refused('{\'a\': True, \'b\': None, \'c\': [1, 2, 3]}'), [])
  for (const text of ['{\'c\': [1, (2, 3)]}', '__import__(\'os\')', '[1]', '{tenant']) t.strictSame(refused(text), ['oauth-extra-params'], text)
  t.end()
})

t.test('checklist 19: a scope is a text, a list or a variable with commas, and the extra parameter beats the variable', t => {
  const scope = (extra?: string, variable?: string) => load(extra === undefined ? {} : { 'oauth-extra-params': `{'scope': ${extra}}` }, { env: variable === undefined ? {} : { PANEL_OAUTH_SCOPE: variable } }).config.providers[0].oauthScope
  t.strictSame(scope('\'openid\''), ['openid'], 'a text is not taken apart')
  t.strictSame(scope('[\'openid\', \'email\']'), ['openid', 'email'])
  t.strictSame(scope(undefined, 'openid email, profile'), ['openid', 'email', 'profile'])
  t.strictSame(scope('\'read_user\'', 'openid'), ['read_user'])
  t.end()
})

t.test('checklist 20: after PANEL_OAUTH_EXPIRY=0.5 the cookie and the session end after twelve hours', async t => {
  t.equal(load({}, { env: { PANEL_OAUTH_EXPIRY: '0.5' } }).config.oauthExpiryDays, 0.5)
  const { origin, outside } = await startGate(t, { settings: { oauthExpiryDays: 0.5 } })
  const visitor = new Visitor()
  const lines: string[] = []
  const question = await visitor.follow(`${origin}/`)
  const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
  const back = await visitor.navigate((await visitor.navigate(new URL(chosen.location, question.address).href)).location)
  lines.push(...back.setCookies.filter(line => line.startsWith(`oauth-gate-${new URL(origin).port}=`)))
  t.match(lines, [/Max-Age=43200(;|$)/i])
  outside.advance(12 * 3600_000 + 1000)
  t.equal((await visitor.ask(`${origin}/`)).status, 401)
})

t.test('checklist 21: an error of the provider at /login is a 401 page with its words as text, and ends there', async t => {
  const { origin, app, provider } = await startGate(t, { settings: ({ origin }) => ({ loginEndpoint: '/login', oauthRedirectUri: `${origin}/login` }), redirectPaths: ['/login'] })
  const visitor = new Visitor()
  await visitor.follow(`${origin}/app`)
  const state = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name }) => name.slice(-44))[0] ?? ''
  const answer = await visitor.navigate(`${origin}/login?state=${state}&error=access_denied&error_description=${encodeURIComponent('<b>no</b>')}&iss=${encodeURIComponent(provider.issuer)}`)
  t.match(answer, { status: 401, location: '', body: /&lt;b&gt;no&lt;\/b&gt;/ })
  t.equal((await visitor.ask(`${origin}/app`)).status, 401, 'there is no session')
  t.equal(app.received.length, 0)
})

/** A provider without OpenID Connect, whose token endpoint and user page say what they are told to say. */
async function startWords (t: Test, token: readonly [number, string, string], user: readonly [number, unknown] = [200, { email: 'ada@example.com' }]) {
  const asked: string[] = []
  const words = await startServer(t, createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    asked.push(path)
    request.resume()
    const [status, type, body] = path === '/token' ? token : [user[0], 'application/json', JSON.stringify(user[1])] as const
    response.writeHead(status, { 'content-type': type }).end(body)
  }))
  const settings: Settings = { oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: `${words}/authorize`, oauthTokenUrl: `${words}/token`, oauthUserUrl: `${words}/user` }
  return { settings, asked }
}

/** A sign-in at such a provider, up to the page that a browser has in the end. */
async function returned (t: Test, settings: Settings) {
  const app = await startApp(t)
  const { origin } = await startGate(t, { app, settings })
  const visitor = new Visitor()
  const start = await visitor.navigate(`${origin}/oauth2/start?rd=%2Fapp`)
  const state = new URL(start.location).searchParams.get('state') ?? ''
  const page = await visitor.follow(`${origin}/?code=c&state=${encodeURIComponent(state)}`)
  return { page, app, session: (await visitor.ask(`${origin}/app`)).status === 200 }
}

t.test('checklist 25: whatever a token endpoint says instead of tokens is a page of ours, without token, secret or stack', async t => {
  const answers: readonly (readonly [ours: number, answer: readonly [number, string, string]])[] = [
    [401, [400, 'application/json', '{"error":"invalid_grant","error_description":"Session doesn\'t exist","access_token":"at-secret"}']],
    [502, [500, 'text/html', '<h1>Traceback at-secret</h1>']],
    [401, [200, 'application/json', '{"error":"bad_verification_code","error_description":"incorrect","access_token":"at-secret"}']]
  ]
  for (const [ours, answer] of answers) {
    const { settings, asked } = await startWords(t, answer)
    const { page, app, session } = await returned(t, settings)
    t.match(page, { status: ours, headers: { 'content-type': /^text\/html/ } }, answer[2])
    t.notMatch(page.body, /at-secret|hush-the-client-secret|Traceback|\bat .*\.[jt]s:\d/)
    t.strictSame([asked, session, app.received.length], [['/token'], false, 0])
  }
})

t.test('checklist 26: a user page that refuses ends the sign-in, and the access token is on no page', async t => {
  const { settings } = await startWords(t, [200, 'application/json', '{"access_token":"at-secret","token_type":"bearer"}'], [401, { message: 'Bad credentials' }])
  const { page, app, session } = await returned(t, settings)
  t.equal(page.status, 401)
  t.notMatch(page.body, /at-secret|hush/)
  t.strictSame([session, app.received.length], [false, 0])
})

t.test('checklist 27: a missing user is refused with 401, a number is text, an apostrophe stays one', async t => {
  const tokens = [200, 'application/json', '{"access_token":"at-secret","token_type":"bearer"}'] as const
  for (const [claims, user] of [[{ name: 'Ada' }, undefined], [{ email: null }, undefined], [{ login: 7 }, '7'], [{ login: 'O\'Brien' }, 'O\'Brien']] as const) {
    const { settings } = await startWords(t, tokens, [200, { sub: 's', ...claims }])
    const { page, app, session } = await returned(t, { ...settings, userKey: 'login' })
    t.equal(app.received[0]?.headers['x-forwarded-user'], user, JSON.stringify(claims))
    t.equal(session, user !== undefined)
    if (user === undefined) t.match(page, { status: 401, headers: { 'content-type': /^text\/html/ } })
  }
})

t.test('checklist 47: an error that comes back to a public client is a 401 page with its words as text, and nothing is sent anywhere', async t => {
  const { settings, asked } = await startWords(t, [200, 'application/json', '{"access_token":"at-secret","token_type":"bearer"}'])
  const { origin, app } = await startGate(t, { settings: { ...settings, oauthProvider: 'code', oauthSecret: undefined } })
  const visitor = new Visitor()
  const start = new URL((await visitor.navigate(`${origin}/oauth2/start?rd=%2Fapp`)).location)
  t.match(Object.fromEntries(start.searchParams), { code_challenge_method: 'S256', code_challenge: /^[\w-]{43}$/ })
  const page = await visitor.follow(`${origin}/?state=${encodeURIComponent(start.searchParams.get('state') ?? '')}&error=access_denied&error_description=${encodeURIComponent('<b>no</b>')}`)
  t.match(page, { status: 401, address: /error=access_denied/, body: /&lt;b&gt;no&lt;\/b&gt;/ })
  t.equal((await visitor.ask(`${origin}/app`)).status, 401, 'there is no session')
  t.strictSame([asked, app.received], [[], []])
})

t.test('checklist 35: on an optional gate everybody is there, and signing in makes a person of a guest', async t => {
  for (const value of ['TRUE', '1']) t.equal(load({}, { env: { PANEL_OAUTH_OPTIONAL: value } }).config.oauthOptional, true, value)
  t.strictSame(problems(() => load({}, { env: { PANEL_OAUTH_OPTIONAL: 'yes' } })).map(({ setting }) => setting), ['oauth-optional'], 'what Panel reads as off opens nothing')
  const { origin, app } = await startGate(t, { settings: { oauthOptional: true, loginEndpoint: '/login' } })
  const visitor = new Visitor()
  t.equal((await visitor.navigate(`${origin}/app`)).status, 200)
  t.equal(app.received.at(-1)?.headers['x-forwarded-user'], undefined)
  t.equal((await visitor.signIn(`${origin}/login?next=/app`, 'ada')).address, `${origin}/app`)
  t.equal(app.received.at(-1)?.headers['x-forwarded-user'], 'ada@example.com')
})

t.test('checklist 37, 38: a websocket needs a session and our origin, and then passes with 40 kB of headers and its subprotocol', async t => {
  const server = createServer({ maxHeaderSize: 65_536 }, (_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'bokeh' })
  const got: string[] = []
  sockets.on('connection', (_socket, request) => { got.push(request.headers['sec-websocket-protocol'] ?? '') })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  const running = await startGate(t, { app: { url: await startServer(t, server), received: [] } })
  const [ada, stranger] = [new Visitor(), new Visitor()]
  await ada.signIn(`${running.origin}/app`, 'ada')
  const token = 't'.repeat(40_000)
  const attempt = async (visitor: Visitor, more: Record<string, string> = {}) => {
    const { status, protocol, close } = await openSession(`${running.origin}/app`, token, { ...handshake(running, visitor), ...more })
    close()
    return [status, protocol]
  }
  t.strictSame(await attempt(stranger), [401, ''])
  t.strictSame(await attempt(ada, { origin: 'https://evil.example' }), [403, ''])
  t.strictSame(got, [], 'and the app was not asked')
  t.strictSame(await attempt(ada), [101, 'bokeh'])
  t.strictSame(got, [`bokeh,${token}`])
})

t.test('checklist 38: the headers of a request may have 64 KiB where no setting says how many, and no more', async t => {
  t.equal(load().config.maxHeaderSize, 65_536)
  const got: number[] = []
  const server = createServer({ maxHeaderSize: 131_072 }, ({ headers }, response) => {
    got.push(String(headers['x-large']).length)
    response.end('page')
  })
  const { origin } = await startGate(t, { app: { url: await startServer(t, server), received: [] }, settings: { rules: [{ path: '/', allow: 'public' }] } })
  const ask = async (size: number) => (await new Visitor().ask(`${origin}/`, { headers: { 'x-large': 'x'.repeat(size) } })).status
  t.strictSame([await ask(64_000), await ask(66_000)], [200, 431])
  t.strictSame(got, [64_000])
})

t.test('checklist 52: what Panel leaves open, /liveness and its static files, needs a sign-in unless it is listed as a guest’s', async t => {
  const paths = ['/liveness', '/static/x.js', '/favicon.ico', '/rest/x']
  const closed = await startGate(t)
  for (const path of paths) t.equal((await new Visitor().ask(closed.origin + path)).status, 401, path)
  t.equal(closed.app.received.length, 0)
  const listed = await startGate(t, { settings: { oauthGuestEndpoints: ['/liveness', '/static/*', '/favicon.ico'] } })
  t.strictSame(await Promise.all(paths.map(async path => (await new Visitor().ask(listed.origin + path)).status)), [200, 200, 200, 401])
})
