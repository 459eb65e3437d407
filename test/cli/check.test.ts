import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { check } from '../../src/cli/check.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { startProvider, type DemoProvider } from '../../src/demo/provider.ts'
import { judgeReply, type Reply } from '../../src/oauth/probe/credentials.ts'
import { judgePage } from '../../src/oauth/probe/sign-in-page.ts'
import { CLIENT, COOKIE_SECRET, freePort, signingKey, startApp } from '../fixtures/gate.ts'
import { json, startHostileProvider, type HostileProvider } from '../fixtures/hostile-provider.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { certificate, key } from '../oauth/certificate.ts'
import { says, startRawApp, until } from '../proxy/setup.ts'
import { runAlone, runCommand } from './run-command.ts'

const ORIGIN = 'http://127.0.0.1:4180'

interface Checked { readonly code: number, readonly out: string, line (what: string): string }

async function run (settings: Settings, outside = new TestOutside(), live = true): Promise<Checked> {
  let out = ''
  const loaded = loadConfig({ env: {}, settings: { oauthProvider: 'oidc', oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET, ...settings } })
  const code = await check(loaded, { live, outside, write: text => { out += text } })
  return { code, out, line: what => out.split('\n').filter(line => line.slice(13).startsWith(`${what} `)).join('\n') }
}

async function startReal (t: Test, redirectUris = [ORIGIN]): Promise<{ provider: DemoProvider, settings: Settings }> {
  const provider = await startProvider({ signingKey: await signingKey(), clients: [{ ...CLIENT, redirectUris }, { id: 'public', redirectUris }] })
  t.teardown(() => provider.close())
  return { provider, settings: { upstream: (await startApp(t)).url, oauthIssuer: provider.issuer } }
}

async function startOdd (t: Test): Promise<{ provider: HostileProvider, settings: Settings }> {
  const provider = await startHostileProvider()
  t.teardown(() => provider.close())
  provider.answer('/token', json({ error: 'invalid_grant' }, 400))
  return { provider, settings: { upstream: (await startApp(t)).url, oauthIssuer: provider.issuer } }
}

t.test('without --live it says what would start, and talks to nobody', async t => {
  const { provider, settings } = await startReal(t)
  const { code, out } = await run(settings, new TestOutside(), false)
  t.equal(code, 0)
  t.match(out, /Redirect URI +http:\/\/127\.0\.0\.1:4180 [^]*Who may enter [^]*Warning +LOWERS_ANYONE: nothing restricts[^]*The settings are right/)
  t.notMatch(out, new RegExp(`${CLIENT.secret}|${COOKIE_SECRET}`))
  t.equal(provider.requests.length, 0)
})

t.test('on the command line: every error with its fix and 1, or 0; --live is no setting', async t => {
  const { settings } = await startReal(t)
  const good = [`--upstream=${String(settings.upstream)}`, '--oauth-provider=oidc', `--oauth-issuer=${settings.oauthIssuer}`, '--oauth-key=gate', `--oauth-secret=${CLIENT.secret}`, `--cookie-secret=${COOKIE_SECRET}`]
  const [bad, fine, live] = await Promise.all([runCommand(['check', '--port=x', '--oauth-provider=odic', '--lve']), runCommand(['check', ...good]), runAlone(['check', '--live', ...good])])
  t.match(bad, { code: 1, out: '', err: /--port must be a whole number[^]*Did you mean oidc\?/ })
  t.match(bad.err, /--lve is not a setting/)
  t.match(fine, { code: 0, err: '', out: /The settings are right/ })
  t.match(live, { code: 0, err: '', out: /a code that nobody issued[^]*ok +client credentials[^]*Nothing is wrong/ })
})

t.test('with all in order each question is answered ok, and nothing secret is printed', async t => {
  const { provider, settings } = await startReal(t)
  const { code, out, line } = await run(settings)
  t.equal(code, 0, out)
  for (const what of ['discovery', 'issuer', 'key set', 'clock', 'client credentials', 'redirect URI', 'upstream']) t.match(line(what), /^ok /, what)
  t.match(out, /a code that nobody issued[^]*\nok +discovery/, 'what will be sent is said before')
  t.equal(provider.requests.filter(({ path }) => path === '/token').length, 1, 'one token request')
  t.notMatch(out, new RegExp(`${CLIENT.secret}|${COOKIE_SECRET}|oauth-gate-check-|state=|code=`))
})

t.test('a wrong secret, and a client that does not exist, are told as such', async t => {
  const { settings } = await startReal(t)
  const wrongSecret = await run({ ...settings, oauthSecret: 'not-the-secret' })
  t.equal(wrongSecret.code, 1)
  t.match(wrongSecret.line('client credentials'), /^wrong .*401 invalid_client.*--oauth-secret/)
  t.match(wrongSecret.line('redirect URI'), /^ok /)
  t.notMatch(wrongSecret.out, 'not-the-secret')
  const unknown = await run({ ...settings, oauthKey: 'nobody' })
  t.match(unknown.line('client credentials'), /^wrong .*--oauth-key/)
  t.match(unknown.line('redirect URI'), /^cannot tell /, 'and the redirect URI is not blamed for it')
})

t.test('a public client is asked without a secret', async t => {
  const { settings } = await startReal(t)
  const { code, line } = await run({ ...settings, oauthProvider: 'code', oauthKey: 'public', oauthSecret: undefined })
  t.match(line('client credentials'), /^ok .*no secret is sent/)
  t.equal(code, 0)
})

t.test('a redirect URI that is not registered is named, with what to register', async t => {
  const { settings } = await startReal(t, ['http://127.0.0.1:9999'])
  const { code, line } = await run(settings)
  t.equal(code, 1)
  t.match(line('redirect URI'), /^wrong .*refuses http:\/\/127\.0\.0\.1:4180; register exactly this/)
  t.match(line('client credentials'), /^ok /)
  const everywhere = await run({ ...settings, address: '0.0.0.0' })
  t.match(everywhere.line('redirect URI'), /^cannot tell .*--public-url/, 'and where nobody knows it, that is said')
})

t.test('an issuer that differs by a slash is named so, and the rest is asked all the same', async t => {
  const { provider, settings } = await startReal(t)
  const { code, line } = await run({ ...settings, oauthIssuer: `${provider.issuer}/` })
  t.equal(code, 1)
  t.match(line('discovery'), /^ok /)
  t.match(line('issuer'), new RegExp(`^wrong .*trailing slash; set --oauth-issuer=${provider.issuer}$`))
  t.match(line('client credentials'), /^ok /)
})

t.test('another issuer gets no secret', async t => {
  const { provider, settings } = await startOdd(t)
  provider.discovery = { issuer: 'https://other.example' }
  const { code, line } = await run(settings)
  t.equal(code, 1)
  t.match(line('issuer'), /^wrong .*https:\/\/other\.example.*byte for byte/)
  for (const what of ['key set', 'client credentials', 'redirect URI']) t.match(line(what), /^cannot tell /, what)
  t.same(provider.requests.map(({ path }) => path), ['/.well-known/openid-configuration'])
})

t.test('a clock that is off by more than a minute is wrong, either way', async t => {
  const { settings } = await startReal(t)
  for (const [minutes, expected] of [[2, /^wrong .*1(?:1[89]|2[01]) s ahead of/], [-2, /^wrong .*1(?:19|2[0-2]) s behind/], [0.8, /^ok /]] as const) {
    const { code, line } = await run(settings, new TestOutside(Date.now() + minutes * 60_000))
    t.match(line('clock'), expected)
    t.equal(code, minutes === 0.8 ? 0 : 1)
  }
})

t.test('a provider without a Date header leaves the clock open, and a cached answer is as old as it says', async t => {
  const { provider, settings } = await startOdd(t)
  const honest = (headers: Record<string, string>) => provider.answer('/.well-known/openid-configuration', response => {
    response.sendDate = false
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ issuer: provider.issuer, token_endpoint: `${provider.issuer}/token`, jwks_uri: `${provider.issuer}/keys` }))
  })
  for (const path of ['/keys', '/token']) {
    provider.answer(path, response => {
      response.sendDate = false
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
    })
  }
  honest({})
  t.match((await run(settings)).line('clock'), /^cannot tell /)
  honest({ date: new Date(Date.now() - 600_000).toUTCString(), age: '600' })
  t.match((await run(settings)).line('clock'), /^ok /)
  honest({ date: new Date(Date.now() - 600_000).toUTCString() })
  t.match((await run(settings)).line('clock'), /^wrong /)
})

t.test('a provider that is down, or talks nonsense, is wrong, and what follows from it cannot be told', async t => {
  const { provider, settings } = await startOdd(t)
  provider.answer('/.well-known/openid-configuration', response => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome'))
  const nonsense = await run(settings)
  t.match(nonsense.line('discovery'), /^wrong .*text\/html instead of JSON/)
  const down = await run({ ...settings, oauthIssuer: `http://127.0.0.1:${await freePort()}` })
  t.equal(down.code, 1)
  t.match(down.line('discovery'), /^wrong .*ECONNREFUSED/)
  for (const what of ['issuer', 'key set', 'client credentials', 'redirect URI', 'clock']) t.match(down.line(what), /^cannot tell /, what)
  t.match(down.line('upstream'), /^ok /)
  t.match(down.out, /One thing is wrong; 5 of the questions could not be answered\.\n$/)
})

t.test('an issuer that follows from the provider’s parameters is asked for and judged like one that was set', async t => {
  const { provider, settings } = await startOdd(t)
  const keycloak = (url: string) => run({ ...settings, oauthProvider: 'keycloak', oauthIssuer: undefined, oauthExtraParams: { url, realm: 'acme' } })
  const down = await keycloak(`http://127.0.0.1:${await freePort()}`)
  t.equal(down.code, 1)
  t.match(down.line('discovery'), /^wrong .*ECONNREFUSED.*check --oauth-extra-params, and DNS/)
  for (const what of ['issuer', 'key set', 'client credentials', 'redirect URI', 'clock']) t.match(down.line(what), /^cannot tell /, what)
  provider.answer('/realms/acme/.well-known/openid-configuration', json({ issuer: 'https://other.example' }))
  const other = await keycloak(provider.issuer)
  t.match(other.line('issuer'), new RegExp(`^wrong .*https://other\\.example and is expected to be ${provider.issuer}/realms/acme: .*set --oauth-issuer=https://other\\.example$`))
  t.ok(provider.requests.every(({ path }) => path !== '/token'), 'and another issuer gets no secret')
})

t.test('keys that cannot be read or used are wrong', async t => {
  const { provider, settings } = await startOdd(t)
  for (const answer of [json({ keys: [] }), json({}), json({ keys: [] }, 500)]) {
    provider.answer('/keys', answer)
    t.match((await run(settings)).line('key set'), /^wrong /)
  }
  provider.discovery = { jwks_uri: undefined }
  t.match((await run(settings)).line('key set'), /^wrong .*jwks_uri/)
})

t.test('an address without discovery is asked without it', async t => {
  const { provider, settings } = await startOdd(t)
  provider.answer('/authorize', response => response.writeHead(200, { 'content-type': 'text/html' }).end('<form>Password</form>'))
  const { code, line, out } = await run({ ...settings, oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: `${provider.issuer}/authorize`, oauthTokenUrl: `${provider.issuer}/token` })
  t.equal(code, 0)
  t.notMatch(out, /discovery|key set/)
  t.match(line('clock'), /^ok /)
  t.match(line('redirect URI'), /^cannot tell .*accepted so far/)
})

t.test('no text of the provider breaks the lines or repeats what was sent', async t => {
  const { provider, settings } = await startOdd(t)
  provider.discovery = { issuer: 'https://x\nok           discovery  forged\u202e' }
  t.notMatch((await run(settings)).out, /^ok +discovery +forged/m)
  provider.discovery = {}
  provider.answer('/token', (response, seen) => json({ error: String(seen.body.get('client_secret')), error_description: [...seen.body.values()].join(' ') }, 400)(response, seen))
  const { out, line } = await run({ ...settings, authStyle: 'params', oauthSecret: 'a-secret-that-is-repeated' })
  t.match(line('client credentials'), /^cannot tell /)
  t.notMatch(out, /that-is-repeated|oauth-gate-check-/)
})

t.test('an upstream is reached over http, https with its certificate, and a socket; any answer counts', async t => {
  const { settings } = await startReal(t)
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'ca.pem'), certificate)
  const secure = createTlsServer({ cert: certificate, key }, (_request, response) => { response.writeHead(404).end('no') })
  const socket = createServer((request, response) => { response.writeHead(request.url === '/base/' ? 500 : 200).end() })
  await new Promise<void>(resolve => { secure.listen(0, '127.0.0.1', resolve) })
  await new Promise<void>(resolve => { socket.listen(join(folder, 's'), resolve) })
  t.teardown(() => { for (const server of [secure, socket]) server.close() })
  const origin = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`
  const untrusted = await run({ ...settings, upstream: origin })
  t.match(untrusted.line('upstream'), /^wrong .*--upstream-ca/)
  const { code, line } = await run({ ...settings, upstream: [origin, `/s=unix:${join(folder, 's')}:/base`], upstreamCa: join(folder, 'ca.pem') })
  t.equal(code, 0)
  t.match(line('upstream'), /^ok .*\(404\)\nok +upstream \/s .*\(500\)$/)
})

t.test('an app whose answers the gate would refuse is unreadable to this too, and what to do is said', async t => {
  const { settings } = await startReal(t)
  const ok = 'HTTP/1.1 200 OK\r\n'
  const answers: Readonly<Record<string, string>> = {
    'compressed on the way': `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'chunks by HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'two lengths': `${ok}Content-Length: 0\r\nContent-Length: 0\r\n\r\n`,
    'a line feed alone': `${ok}Content-Length: 0\n\r\n`,
    'a chunk without a size': `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n`,
    'another protocol, unasked': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    'interim answers without end': 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(200),
    'no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n'
  }
  for (const [what, bytes] of Object.entries(answers)) {
    const app = await startRawApp(t, says(bytes))
    const { code, line, out } = await run({ ...settings, app: 'panel', upstream: app.origin })
    t.equal(code, 1, what)
    t.match(line('upstream'), /^wrong .*: .+; its answers are unreadable to the gate, and visitors get 502 instead: have it answer in HTTP\/1\.1, with one Content-Length or with chunks, /, what)
    t.notMatch(out, 'Panel’s cookies', 'and nothing is said of cookies that nobody could take')
  }
  const short = await startRawApp(t, socket => { socket.once('data', () => socket.end(`${ok}Content-Length: 5\r\n\r\nok`)) })
  t.match((await run({ ...settings, upstream: short.origin })).line('upstream'), /^wrong .*unreadable/, 'one that hangs up in the middle')
})

t.test('an app that answers without end is reached all the same, and left after a second', async t => {
  const { settings } = await startReal(t)
  const app = await startRawApp(t, says('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n'))
  const { code, line } = await run({ ...settings, upstream: app.origin })
  t.equal(code, 0)
  t.match(line('upstream'), /^ok .*\(200\)$/)
  await until(() => app.sockets.every(socket => socket.readableEnded || socket.destroyed))
})

t.test('an upstream that is a gate, this one for instance, is wrong', async t => {
  const { settings } = await startReal(t)
  const app = await startApp(t, (_request, response) => { response.writeHead(302, { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED', location: '/oauth2/start' }).end() })
  const { code, line } = await run({ ...settings, upstream: app.url })
  t.equal(code, 1)
  t.match(line('upstream'), /^wrong .*a gate answers at .*, not the app: set --upstream/)
})

t.test('a Panel app is asked with a cookie signed for nobody there is, and what is seen from outside is said', async t => {
  const { settings } = await startReal(t)
  const panel = async (answer: (known: boolean, url: string | undefined) => readonly [status: number, location?: string]) => {
    const cookies: string[] = []
    const app = await startApp(t, ({ headers, url }, response) => {
      if (headers.cookie !== undefined) cookies.push(headers.cookie)
      const [status, location] = answer(headers.cookie?.includes('|4:user|') === true, url)
      response.writeHead(status, { ...location !== undefined && { location } }).end()
    })
    return { ...await run({ ...settings, app: 'panel', upstream: app.url }), cookies }
  }
  const what = 'Panel’s cookies'
  const taken = await panel(known => known ? [200] : [302, '/login?next=%2F'])
  t.match(taken.line(what), /^ok /)
  t.equal(taken.code, 0)
  t.match(Buffer.from(/4:user\|\d+:([^|]*)/.exec(taken.cookies[0] ?? '')?.[1] ?? '', 'base64').toString(), 'oauth-gate-check')
  const refused = await panel(() => [302, '/login?next=%2F'])
  t.match(refused.line(what), /^wrong .*very same PANEL_COOKIE_SECRET/)
  t.equal(refused.code, 1)
  t.match((await panel(() => [200])).line(what), /^cannot tell .*see whether pn\.state\.user is you/)
  t.match((await panel((known, url) => url === '/' ? [302, '/app'] : [known ? 500 : 200])).line(what), /^wrong .*fails \(500\).*PANEL_OAUTH_ENCRYPTION/, 'the page behind the index is what fails')
  t.match((await panel(() => [302, 'https://elsewhere.example/'])).line(what), /^cannot tell /, 'no cookie goes elsewhere')
  t.equal((await run({ ...settings })).line(what), '', 'and no other app is asked')
})

t.test('one clock among several answers is believed: the newest', async t => {
  const { provider, settings } = await startOdd(t)
  provider.answer('/.well-known/openid-configuration', response => { // from a cache that does not say so
    response.writeHead(200, { 'content-type': 'application/json', date: new Date(Date.now() - 600_000).toUTCString() })
      .end(JSON.stringify({ issuer: provider.issuer, token_endpoint: `${provider.issuer}/token`, jwks_uri: `${provider.issuer}/keys` }))
  })
  t.match((await run(settings)).line('clock'), /^ok /)
  t.match((await run(settings, new TestOutside(Date.now() + 300_000))).line('clock'), /^wrong .*(?:299|300|301) s ahead of/)
})

t.test('a provider that people sign in to by a form of ours gets no sign-in request', async t => {
  const { provider, settings } = await startReal(t)
  const { out, line } = await run({ ...settings, oauthProvider: 'password' })
  t.notMatch(out, /sign-in request that nobody/)
  t.equal(line('redirect URI'), '')
  t.strictSame(provider.requests.filter(({ path }) => path === '/auth'), [])
})

t.test('where the gate itself asks for the password, no provider is asked anything', async t => {
  const { code, out, line } = await run({ oauthProvider: undefined, oauthKey: undefined, oauthSecret: undefined, basicAuth: 'SeCret-of-all', upstream: (await startApp(t)).url })
  t.equal(code, 0)
  t.match(line('provider'), /^ok .*the gate itself asks for the password/)
  t.match(out, /\nAsking the app\.\n/)
  t.notMatch(out, /SeCret|token request/)
})

t.test('everything that is wrong or cannot be told says what to do', async t => {
  const uri = 'https://app.example'
  const usual: Reply = { status: 400, error: undefined, gave: false, secretSent: true, entra: false, byCode: true }
  const replies = [{ status: 401 }, { error: 'invalid_client' }, { error: 'unauthorized_client' }, { error: 'invalid_grant', entra: true }, { error: 'x' }, { gave: true }, { error: 'redirect_uri_mismatch' }]
  const pages = [{ status: 400, body: 'redirect_uri' }, { status: 500, body: '' }, { status: 200, body: '' }, { status: 302, body: '', location: new URL('https://p.example/e?error=x') }, { status: 302, body: '', location: new URL('https://p.example/login') }, { status: 302, body: '', location: new URL(`${uri}?error=x`) }]
  const findings = [...replies.map(reply => judgeReply({ ...usual, ...reply })), ...pages.flatMap(page => judgePage(page, uri))].filter(({ verdict }) => verdict !== 'ok')
  t.equal(findings.length, 13)
  for (const { text } of findings) t.match(text, /check --|set --|register |enable |sign in once/, text)
})

t.test('an upstream that is down is wrong', async t => {
  const { settings } = await startReal(t)
  const { code, line } = await run({ ...settings, upstream: `http://127.0.0.1:${await freePort()}` })
  t.equal(code, 1)
  t.match(line('upstream'), /^wrong .*ECONNREFUSED/)
})

t.test('token endpoints are read as they are known to answer', async t => {
  const usual: Reply = { status: 400, error: undefined, gave: false, secretSent: true, entra: false, byCode: true }
  const known: [Partial<Reply>, string, RegExp?][] = [
    [{ error: 'invalid_grant' }, 'ok'],
    [{ status: 200, error: 'bad_verification_code' }, 'ok'],
    [{ error: 'invalid_grant', entra: true }, 'cannot tell'],
    [{ error: 'invalid_client' }, 'wrong', /--oauth-secret/],
    [{ status: 200, error: 'incorrect_client_credentials' }, 'wrong', /--oauth-secret/],
    [{ status: 401 }, 'wrong', /--oauth-key/],
    [{ status: 401, error: 'unauthorized_client' }, 'wrong', /--oauth-secret/],
    [{ error: 'unauthorized_client' }, 'wrong', /enable the authorization code flow/],
    [{ error: 'unauthorized_client', byCode: false }, 'cannot tell'],
    [{ error: 'redirect_uri_mismatch' }, 'cannot tell', /redirect URI first; register/],
    [{ error: 'invalid_request' }, 'cannot tell'],
    [{ status: 503 }, 'cannot tell'],
    [{ status: 200, gave: true }, 'wrong', /nobody issued/]
  ]
  for (const [reply, verdict, text = /./] of known) t.match(judgeReply({ ...usual, ...reply }), { verdict, text }, JSON.stringify(reply))
})

t.test('sign-in pages are read as providers are known to write them', async t => {
  const uri = 'https://app.example'
  const mismatch = Buffer.from('\n\u0015redirect_uri_mismatch\u0012You can’t sign in').toString('base64url')
  const known: [string, number, string, string | undefined, string][] = [
    ['Keycloak', 400, '<p>Invalid parameter: redirect_uri</p>', undefined, 'wrong'],
    ['Entra', 200, '<script>$Config={"x":"AADSTS50011: The redirect URI"}</script>', undefined, 'wrong'],
    ['Google', 302, '', `https://accounts.google.com/signin/oauth/error/v2?authError=${mismatch}&client_id=x`, 'wrong'],
    ['Auth0', 403, '<h1>Callback URL mismatch.</h1>', undefined, 'wrong'],
    ['Cognito', 302, '', 'https://pool.example/error?error=redirect_mismatch', 'wrong'],
    ['GitLab', 200, '<p>The redirect URI included is not valid.</p>', undefined, 'wrong'],
    ['a login page with the address in its form', 200, `<form><input name="redirect_uri" value="${uri}">Password</form>`, undefined, 'cannot tell'],
    ['a redirect to a login page that carries the request', 302, '', `https://github.com/login?client_id=x&return_to=/login/oauth/authorize?redirect_uri=${uri}`, 'cannot tell'],
    ['an error that is about something else', 400, '<p>invalid_client</p><p>GET /auth?redirect_uri=https</p>', undefined, 'cannot tell'],
    ['a failure', 503, 'redirect_uri', undefined, 'cannot tell'],
    ['sent back for want of a session', 302, '', `${uri}/?error=login_required&state=s`, 'ok']
  ]
  for (const [who, status, body, location, verdict] of known) {
    const findings = judgePage({ status, body, location: location === undefined ? undefined : new URL(location) }, uri)
    t.same(findings.map(finding => finding.verdict), [verdict], who)
  }
  const scope = judgePage({ status: 303, body: '', location: new URL(`${uri}/?error=invalid_scope`) }, uri)
  t.match(scope, [{ verdict: 'ok' }, { verdict: 'wrong', what: 'sign-in request', text: /--oauth-scope/ }])
})
