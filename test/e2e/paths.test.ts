import { spawn } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request as ask } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { healthcheck } from '../../src/cli/healthcheck.ts'
import { listen } from '../../src/cli/listen.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { startProvider } from '../../src/demo/provider.ts'
import { createGate } from '../../src/gate.ts'
import { CLIENT, COOKIE_SECRET, startApp, startGate } from '../fixtures/gate.ts'
import { everybody } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { certificate, key } from '../oauth/certificate.ts'

type Behind = { readonly port: number } | { readonly socketPath: string }

/** A proxy as nginx is with `location /proxy/ { proxy_pass http://gate/; }`: takes the root path off, and adds a slash to its bare name. */
async function startFront (t: Test, rootPath: string, headers: Record<string, string> = {}): Promise<{ origin: string, lead: (behind: Behind) => void, strayed: string[] }> {
  const strayed: string[] = []
  let behind: Behind = { port: 0 }
  const server = createServer((request, response) => {
    const { url = '', method } = request
    const rest = url.slice(rootPath.length)
    if (!url.startsWith(rootPath) || (rootPath !== '' && !/^(?:$|[/?])/.test(rest))) {
      strayed.push(url)
      return response.writeHead(404).end()
    }
    if (rootPath !== '' && !rest.startsWith('/')) return response.writeHead(301, { location: `${rootPath}/${rest}` }).end()
    request.pipe(ask({ ...behind, host: '127.0.0.1', method, path: rest, headers: { ...request.headers, ...headers }, agent: false }, answer => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    }))
  })
  return { origin: await startServer(t, server), lead: to => { behind = to }, strayed }
}

async function startBehind (t: Test, rootPath: string, settings: Settings, path = '') {
  const front = await startFront(t, rootPath.replace(/\/$/, ''))
  const running = await startGate(t, { settings: { rootPath, ...settings } })
  front.lead({ port: Number(new URL(running.origin).port) })
  running.provider.setRedirectUris(CLIENT.id, [front.origin + path])
  return { ...running, front, direct: running.origin, origin: front.origin }
}

const links = (body: string): string[] => [...body.matchAll(/(?:href|action)="([^"]*)"/g)].flatMap(([, url = '']) => url.startsWith('data:') ? [] : [url.replaceAll('&amp;', '&')])
/** But for the one that leads to the provider, where one can sign out too. */
const own = (body: string): string[] => links(body).filter(url => url.startsWith('/'))
const redirectUriOf = (location: string) => new URL(location).searchParams.get('redirect_uri')

t.test('with --prefix everything of the gate’s own is below it, and so is the redirect URI; ping and ready are not', async t => {
  const { origin, app } = await startGate(t, { settings: { prefix: 'apps/x/' }, redirectPaths: ['/apps/x'] })
  const visitor = new Visitor()
  const first = await visitor.navigate(`${origin}/apps/x/page?a=1`)
  t.equal(first.location, '/apps/x/oauth2/start?rd=%2Fapps%2Fx%2Fpage%3Fa%3D1')
  t.equal(redirectUriOf((await visitor.navigate(origin + first.location)).location), `${origin}/apps/x`, 'no slash at its end')
  const page = await visitor.signIn(`${origin}/apps/x/page?a=1`, 'ada')
  t.match(page, { status: 200, address: `${origin}/apps/x/page?a=1` })
  t.equal(app.received.at(-1)?.url, '/apps/x/page?a=1', 'the app has its whole path')
  const status = await visitor.navigate(`${origin}/apps/x/oauth2/sign_in`)
  t.match(status, { status: 200, body: /signed in/ })
  t.strictSame(links(status.body).filter(url => url !== '/apps/x/' && !url.startsWith('/apps/x/oauth2/')), [], 'every link of the page is below the prefix')
  t.ok(links(status.body).includes('/apps/x/'), 'and one leads home')
  t.match(JSON.parse((await visitor.ask(`${origin}/apps/x/oauth2/userinfo`)).body), { user: 'ada@example.com' })
  const elsewhere = await visitor.ask(`${origin}/oauth2/userinfo`)
  t.equal(elsewhere.headers['x-oauth-gate'], undefined, '/oauth2 itself is the app’s')
  const out = await visitor.navigate(`${origin}/apps/x/oauth2/sign_out`, { headers: { 'sec-fetch-site': 'same-origin' } })
  t.strictSame([out.status, own(out.body)], [200, ['/apps/x/oauth2/start?rd=%2Fapps%2Fx%2F']])
  const before = app.received.length
  for (const path of ['/ping', '/ready']) t.equal((await new Visitor().ask(origin + path)).body, 'OK\n')
  t.equal((await new Visitor().navigate(`${origin}/oauth2/userinfo`)).status, 302, 'which nobody reaches without a session')
  t.equal(app.received.length, before)
})

t.test('where nothing was asked for, a sign-in below a prefix ends at the prefix, and what lies outside is no reason to lose it', async t => {
  const { origin } = await startGate(t, { settings: { prefix: '/apps/x' }, redirectPaths: ['/apps/x'] })
  t.equal((await new Visitor().signIn(`${origin}/apps/x/oauth2/start`, 'ada')).address, `${origin}/apps/x/`)
  t.equal((await new Visitor().signIn(`${origin}/apps/x/oauth2/start?rd=https://evil.example/`, 'ada')).address, `${origin}/apps/x/`)
  t.equal((await new Visitor().signIn(`${origin}/`, 'ada')).address, `${origin}/`, 'who asked for / gets it')
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/apps/x/`, 'ada')
  const callback = visitor.seen.find(address => address.includes('code=')) ?? ''
  t.match(await visitor.navigate(callback), { status: 303, location: '/apps/x/' }, 'a callback that comes again leads home')
  t.match(await visitor.navigate(callback.replace('/apps/x?', '/apps/x/?')), { status: 303, location: '/apps/x/' }, 'also with a slash that somebody added')
  t.notMatch(await visitor.navigate(callback.replace('/apps/x?', '/?')), { status: 303 }, 'but / is no callback here')
})

for (const rootPath of ['/proxy', '/proxy/']) {
  t.test(`behind a proxy that strips, --root-path=${rootPath} is before every address that a browser gets, once`, async t => {
    const { origin, app, front, direct } = await startBehind(t, rootPath, {}, '/proxy')
    const visitor = new Visitor()
    const first = await visitor.navigate(`${origin}/proxy/page?a=1`)
    t.equal(first.location, '/proxy/oauth2/start?rd=%2Fproxy%2Fpage%3Fa%3D1')
    t.equal(redirectUriOf((await visitor.navigate(origin + first.location)).location), `${origin}/proxy`)
    const page = await visitor.signIn(`${origin}/proxy/page?a=1`, 'ada')
    t.match(page, { status: 200, address: `${origin}/proxy/page?a=1` })
    t.equal(app.received.at(-1)?.url, '/page?a=1', 'the app has what the proxy left')
    for (const path of ['sign_in', 'sign_out']) {
      const answer = await visitor.navigate(`${origin}/proxy/oauth2/${path}`)
      t.strictSame(links(answer.body).filter(url => !url.startsWith('/proxy/') || url.startsWith('/proxy/proxy')), [], `links of ${path}`)
    }
    const fetched = await new Visitor().ask(`${origin}/proxy/api`, { headers: { 'sec-fetch-mode': 'cors' } })
    t.equal((JSON.parse(fetched.body) as { sign_in: string }).sign_in, `${origin}/proxy/oauth2/start?rd=%2Fproxy%2Fapi`)
    t.equal((await visitor.signIn(`${origin}/proxy/oauth2/start`, 'ada')).address, `${origin}/proxy/`)
    for (const [rd, end] of [['/proxy/page', '/proxy/page'], ['/page', '/proxy/page'], ['/proxy/proxy/page', '/proxy/proxy/page'], ['/proxyother', '/proxy/proxyother'], ['/proxy', '/proxy/'], ['/', '/proxy/'], ['/proxy?x=1', '/proxy/?x=1']]) {
      t.equal((await new Visitor().signIn(`${origin}/proxy/oauth2/start?rd=${encodeURIComponent(rd ?? '')}`, 'ada')).address, origin + (end ?? ''), `rd=${rd}`)
    }
    for (const rd of ['//evil.example', '/\\evil.example', '///evil.example', 'https://evil.example', '/proxy/oauth2/sign_out', '/oauth2/sign_out', '/proxy//oauth2/sign_out', '/proxy/%6fauth2/sign_out', '/proxy/../oauth2/sign_out']) {
      const ended = await new Visitor().signIn(`${origin}/proxy/oauth2/start?rd=${encodeURIComponent(rd)}`, 'ada')
      t.equal(ended.address, `${origin}/proxy/`, `${rd} leads home`)
    }
    t.strictSame(front.strayed, [], 'no browser was ever sent past the root path')
    t.equal((await new Visitor().navigate(`${direct}/page`)).location, '/proxy/oauth2/start?rd=%2Fproxy%2Fpage')
  })
}

t.test('prefix and root path together, with a redirect URI of one’s own below the root path', async t => {
  const { origin, front, app } = await startBehind(t, '/proxy', { prefix: '/apps/x' }, '/proxy/apps/x')
  t.equal((await new Visitor().signIn(`${origin}/proxy/apps/x/deep`, 'ada')).address, `${origin}/proxy/apps/x/deep`)
  t.equal((await new Visitor().signIn(`${origin}/proxy/apps/x/oauth2/start`, 'ada')).address, `${origin}/proxy/apps/x/`)
  t.strictSame(front.strayed, [])
  const other = await startFront(t, '/proxy')
  const gate = await startGate(t, { settings: { rootPath: '/proxy', oauthRedirectUri: `${other.origin}/proxy/login` } })
  other.lead({ port: Number(new URL(gate.origin).port) })
  gate.provider.setRedirectUris(CLIENT.id, [`${other.origin}/proxy/login`])
  const page = await new Visitor().signIn(`${other.origin}/proxy/page`, 'ada')
  t.match(page, { status: 200, address: `${other.origin}/proxy/page` })
  t.strictSame(gate.app.received.map(({ url }) => url), ['/page'], 'the app never saw the callback')
  t.strictSame(app.received.map(({ url }) => url), ['/apps/x/deep', '/apps/x/'])
})

t.test('a Destination is in the browser’s words: with a root path nobody knows what the app makes of it, so rules refuse it', async t => {
  const { origin, app } = await startBehind(t, '/proxy', { rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] }, '/proxy')
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/proxy/`, 'ben')
  const before = app.received.length
  for (const destination of [`${origin}/proxy/admin/x`, '/proxy/admin/x', '/admin/x']) {
    t.ok((await visitor.ask(`${origin}/proxy/a`, { method: 'COPY', headers: { destination } })).status >= 400, destination)
  }
  t.equal(app.received.length, before)
})

t.test('--login-endpoint and --logout-endpoint are Panel’s /login and /logout; without them the app keeps these paths', async t => {
  const { origin, app } = await startGate(t, { settings: { loginEndpoint: 'signin', logoutEndpoint: '/signoff' } })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/signin?next=%2Fpage%3Fa%3D1`, 'ada')).address, `${origin}/page?a=1`)
  for (const path of ['/login', '/logout', '/signin/x', '/signinx']) t.equal((JSON.parse((await visitor.ask(origin + path)).body) as { url: string }).url, path, `${path} is the app’s`)
  const asked = await visitor.navigate(`${origin}/signoff`, { headers: { 'sec-fetch-site': 'cross-site' } })
  t.match(asked, { status: 200, body: /<form/ }, 'a link on another site gets a question')
  t.equal((await visitor.ask(`${origin}/oauth2/userinfo`)).status, 200)
  const out = await visitor.navigate(`${origin}/signoff?next=/page`, { headers: { 'sec-fetch-site': 'same-origin' } })
  t.match(out, { status: 200, body: /signed out/ })
  t.strictSame(own(out.body), ['/signin?next=%2Fpage'])
  t.equal((await visitor.ask(`${origin}/oauth2/userinfo`)).status, 401, 'and the session is gone')
  for (const next of ['https://evil.example', '//evil.example', '///evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:1', 'http:evil', '', '/signin?next=/signin', '/signoff', '/%73ignoff']) {
    t.equal((await new Visitor().signIn(`${origin}/signin?next=${encodeURIComponent(next)}`, 'ada')).address, `${origin}/`, `next=${next}`)
  }
  const before = app.received.length
  t.equal((await new Visitor().ask(`${origin}/signin`, { method: 'HEAD' })).status, 204, 'HEAD begins nothing')
  for (const [path, method] of [['/signin', 'POST'], ['/signin', 'DELETE'], ['/signoff', 'PUT']] as const) t.equal((await new Visitor().ask(origin + path, { method, headers: { 'content-length': '0' } })).status, 404, `${method} ${path}`)
  t.equal(app.received.length, before, 'and none of it reaches the app')
})

t.test('the login endpoint may be the redirect URI’s path too, as in Panel', async t => {
  const { origin, app } = await startGate(t, { settings: ({ origin }) => ({ prefix: '/apps/x', loginEndpoint: '/login', oauthRedirectUri: `${origin}/apps/x/login` }), redirectPaths: ['/apps/x/login'] })
  const page = await new Visitor().signIn(`${origin}/apps/x/login?next=/apps/x/app`, 'ada')
  t.match(page, { status: 200, address: `${origin}/apps/x/app` })
  t.strictSame(app.received.map(({ url }) => url), ['/apps/x/app'])
})

t.test('of a password form the login endpoint shows the form', async t => {
  const { origin } = await startGate(t, {
    settings: ({ provider: { endpoints } }) => ({
      oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo, loginEndpoint: '/login', prefix: '/x'
    })
  })
  const visitor = new Visitor()
  const form = await visitor.follow(`${origin}/x/login?next=/x/page`)
  t.equal(form.status, 200)
  const [action] = links(form.body)
  t.equal(action, '/x/oauth2/sign_in')
  const state = /name="state" value="([^"]+)"/.exec(form.body)?.[1] ?? ''
  t.match(await visitor.navigate(origin + (action ?? ''), { form: { state, username: 'ada', password: 'ada' } }), { status: 303, location: '/x/page' })
})

t.test('--cookie-path of one app moves the gate’s pages below it, so that signing out ends the session', async t => {
  const { origin, gate } = await startGate(t, { settings: { cookiePath: '/app' } })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/app/page`, 'ada')).address, `${origin}/app/page`)
  t.equal((await visitor.ask(`${origin}/app/page`)).status, 200)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []]
  const session = `oauth-gate-${new URL(origin).port}`
  t.strictSame(cookie.filter(({ name }) => name === session).map(({ path }) => path), ['/app'])
  await visitor.navigate(`${origin}/app/oauth2/sign_out`, { headers: { 'sec-fetch-site': 'same-origin' } })
  t.notOk(visitor.cookieNames().includes(session))
  const stolen = await gate.inject({ url: '/app/page', headers: { host: new URL(origin).host, cookie: cookie.map(({ name, value }) => `${name}=${value}`).join('; ') } })
  t.not(stolen.statusCode, 200, 'and a copy of the cookie is worth nothing')
})

const folder = (t: Test): string => {
  const path = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
  t.teardown(() => { rmSync(path, { recursive: true }) })
  return path
}

t.test('--unix-socket: a whole sign-in through a proxy that speaks to a socket', async t => {
  const path = join(folder(t), 'gate.sock')
  const [app, provider, front] = [await startApp(t), await startProvider({ address: 'localhost', people: everybody, remembers: false, clients: [{ ...CLIENT, redirectUris: [] }] }), await startFront(t, '', { 'x-forwarded-proto': 'http', 'x-forwarded-for': '203.0.113.7' })]
  t.teardown(() => provider.close())
  front.lead({ socketPath: path })
  provider.setRedirectUris(CLIENT.id, [front.origin])
  const { config } = loadConfig({ env: {}, settings: { upstream: [app.url], unixSocket: path, useXheaders: true, oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET, logLevel: 'silent' } })
  const gate = await createGate(config)
  t.equal(await listen(gate, config), `unix:${path}`)
  t.equal(statSync(path).mode & 0o777, 0o660, 'for its owner and group alone')
  t.match(await new Visitor().signIn(`${front.origin}/page`, 'ada'), { status: 200, address: `${front.origin}/page` })
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-for': '203.0.113.7' }, 'whoever connects is on this machine, and believed as such')
  t.equal(await healthcheck(config, text => { t.fail(text) }), 0)
  const second = await createGate(config)
  t.teardown(() => second.close())
  const said: string[] = []
  t.equal(await listen(second, config, { write: text => { said.push(text) } }), null)
  t.match(said.join(''), /cannot listen on .*gate\.sock: something else listens there/)
  t.match(await new Visitor().navigate(`${front.origin}/page`), { status: 302 }, 'and the first goes on')
  await gate.close()
  t.notOk(existsSync(path), 'nothing is left behind')
  const told: string[] = []
  t.equal(await healthcheck(config, text => { told.push(text) }), 1)
  t.match(told.join(''), /nothing listens at .*gate\.sock/)
})

t.test('a socket that a killed process left is replaced; what is no socket, and a folder that is not there, are not', async t => {
  const [at, said] = [folder(t), [] as string[]]
  const open = async (unixSocket: string): Promise<string | null> => {
    const { config } = loadConfig({ env: {}, settings: { upstream: 'http://localhost', unixSocket, oauthProvider: 'oidc', oauthIssuer: 'https://localhost:1', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, logLevel: 'silent' } })
    const gate = await createGate(config)
    t.teardown(() => gate.close())
    return await listen(gate, config, { write: text => { said.push(text) } })
  }
  const left = join(at, 'left.sock')
  const killed = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(left)}, () => console.log('up'))`])
  await once(killed.stdout, 'data')
  killed.kill('SIGKILL')
  await once(killed, 'close')
  t.ok(existsSync(left))
  t.equal(await open(left), `unix:${left}`)
  const busy = join(at, 'busy.sock')
  const server = createSocketServer()
  await new Promise<void>(resolve => { server.listen(busy, resolve) })
  t.equal(await open(busy), null)
  t.ok(existsSync(busy), 'a socket that is in use stays')
  server.close()
  const text = join(at, 'notes.txt')
  writeFileSync(text, 'precious')
  t.equal(await open(text), null)
  t.equal(statSync(text).size, 8, 'a file stays what it was')
  t.equal(await open(join(at, 'none', 'gate.sock')), null)
  t.match(said, [/busy\.sock: something else listens/, /notes\.txt: something else listens there, or it is no socket/, /gate\.sock: there is no such folder/])
})

t.test('Bokeh’s names for the certificate, its key and the passphrase serve https', async t => {
  const at = folder(t)
  const [cert, plain] = [join(at, 'cert.pem'), createPrivateKey(key)]
  writeFileSync(cert, certificate)
  const encrypted = join(at, 'key.pem')
  writeFileSync(encrypted, plain.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' }))
  const { config } = loadConfig({
    env: { BOKEH_SSL_CERTFILE: cert, BOKEH_SSL_KEYFILE: encrypted, BOKEH_SSL_PASSWORD: 'open sesame' },
    settings: { upstream: 'http://localhost', port: 0, oauthProvider: 'oidc', oauthIssuer: 'https://localhost:1', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, logLevel: 'silent' }
  })
  const gate = await createGate(config)
  t.teardown(() => gate.close())
  const where = await listen(gate, config)
  t.match(where, /^https:/)
  t.match(await new Visitor({ ca: certificate }).ask(`${where}/ping`), { status: 200, body: 'OK\n' })
})
