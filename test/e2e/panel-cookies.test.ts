import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { createSeal } from '../../src/session/seal.ts'
import { startApp, startGate, type LogLine } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'
import { forgeToken } from '../panel/bokeh.ts'

const settings: Settings = {
  upstreamIdentity: 'panel-cookies',
  rules: [{ path: '/open', allow: 'optional' }, { path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }]
}
const forgeries = ['user=mallory', 'a=1; user="mallory"; id_token=mallory', 'is_guest=mallory; oauth_expiry=mallory', '\x85user=mallory; access_token = mallory', 'user=mallory; user=mallory; refresh_token=mallory; panel-oauth-state=mallory; panel-oauth-code=mallory']

/** What is signed in a pair, unchecked: that Tornado takes it is in panel-identity.test.ts. */
function read (cookie = ''): Readonly<Record<string, string>> {
  return Object.fromEntries(cookie.split('; ').map(pair => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    const [, content] = /\|\d+:([^|]*)\|[0-9a-f]{64}$/.exec(value) ?? []
    return [name, content === undefined ? value : Buffer.from(content, 'base64').toString()]
  }))
}

/** Milliseconds. */
function signedAt (cookie = ''): number {
  return Number(/\|10:(\d+)\|4:user/.exec(cookie)?.[1]) * 1000
}

/** The app that answers with what it was told, and sets cookies of Panel’s names. */
async function startPanelLike (t: Test) {
  return await startApp(t, (request, response) => {
    request.resume()
    response.setHeader('set-cookie', ['user=app; Path=/', 'is_guest=1', 'id_token=', 'theme=dark', 'User=app', 'panel-oauth-state=x']).end('page')
  })
}

t.test('forged cookies and session parameters: on no route does a client say who it is to the app, signed in or not', async t => {
  const app = await startPanelLike(t)
  const { origin } = await startGate(t, { settings, app })
  const visitor = new Visitor()
  const ask = async (path: string, cookie: string, forged: string) => {
    const answer = await new Visitor().ask(origin + path, { headers: { cookie: [cookie, forged].filter(text => text !== '').join('; '), 'Bokeh-Session-Id': 'mallory', bokeh_session_id: 'mallory' } })
    t.equal(answer.status, 200, path)
    t.strictSame(answer.setCookies, ['theme=dark', 'User=app'], 'nor does the app tell the browser')
    const { url, headers } = app.received.at(-1) as typeof app.received[number]
    t.notMatch(JSON.stringify([url, headers]), /mallory/)
    return { url, cookie: read(headers.cookie) }
  }
  const query = '?q=%20%2F&bokeh-token=mallory&&%62okeh-session-id=mallory&z'
  for (const forged of forgeries) {
    for (const path of ['/open', '/public']) {
      const { cookie, url } = await ask(path + query, '', forged)
      t.match(cookie, { is_guest: '1' })
      t.notOk('user' in cookie || 'id_token' in cookie, 'a stranger is nobody but a guest')
      t.equal(url, `${path}?q=%20%2F&&z`, 'and the rest of the query is as it came')
    }
  }
  await visitor.signIn(`${origin}/`, 'ada')
  for (const forged of forgeries) {
    for (const path of ['/', '/open']) {
      const { cookie } = await ask(path + query, cookiesOf(visitor), forged)
      t.match(cookie, { user: 'ada@example.com', id_token: /./ })
      t.notOk('is_guest' in cookie)
      t.notMatch(Object.keys(cookie).join(), /oauth-gate/, 'and our own session is not for the app')
    }
    t.notOk('user' in (await ask('/public', cookiesOf(visitor), forged)).cookie, 'a public page is told of nobody')
  }
})

t.test('an app that sends somebody who is signed in to a sign-in of its own is told of in the log, with the fix', async t => {
  const log: LogLine[] = []
  const app = await startApp(t, ({ url }, response) => {
    if (url?.startsWith('/landed') === true) response.end('page')
    else response.writeHead(302, { location: url === '/away' ? '/landed?x=1&next=/y' : '/login?next=%2Fapp' }).end()
  })
  const { origin } = await startGate(t, { settings, app, log })
  const visitor = new Visitor()
  const told = () => log.filter(({ event }) => event === 'app.disbelieves')
  await visitor.ask(`${origin}/open`)
  t.equal(app.received.length, 1)
  t.strictSame(told(), [], 'a guest may well be sent there')
  await visitor.signIn(`${origin}/away`, 'ada')
  t.strictSame(told(), [], 'another redirect is none')
  await visitor.ask(`${origin}/app`, { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } })
  t.match(told(), [{ level: 'warn', user: 'ada@example.com', hint: /very same PANEL_COOKIE_SECRET/ }])
  t.equal(told().length, 1, 'once a request')
  t.notMatch(JSON.stringify(told()), /2\|1:0/, 'and no cookie is in it')
})

t.test('forged cookies by a websocket’s upgrade', async t => {
  const server = createServer((_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({ server })
  const opened: { cookie: string | undefined, url: string | undefined, protocol: string | undefined, session: unknown }[] = []
  sockets.on('connection', (socket, { url, headers }) => {
    opened.push({ url, cookie: headers.cookie, protocol: headers['sec-websocket-protocol'], session: headers['bokeh-session-id'] })
    socket.close()
  })
  const { origin, outside } = await startGate(t, { settings, app: { url: await startServer(t, server), received: [] } })
  sockets.on('headers', lines => { lines.push(...['user=app; Path=/', 'theme=dark', 'is_guest=1', `oauth-gate-${new URL(origin).port}=x; Path=/`, 'User=app'].map(cookie => `Set-Cookie: ${cookie}`)) })
  const visitor = new Visitor()
  const page = forgeToken({})
  const open = async (path: string, cookie: string) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, ['bokeh', page], { headers: { origin, cookie, 'Bokeh-Session-Id': 'mallory' } })
    socket.on('upgrade', ({ headers }) => { t.strictSame(headers['set-cookie'], ['theme=dark', 'User=app'], 'nor does the app tell the browser as it switches, of us or of itself') })
    await once(socket, 'close')
    return opened.at(-1)
  }
  const asGuest = await open('/open/ws?bokeh-token=mallory&a=1', forgeries.join('; '))
  t.strictSame(asGuest, { url: '/open/ws?a=1', cookie: 'a=1; is_guest=1', protocol: `bokeh,${page}`, session: undefined }, 'its own token, which the page gave it, stays')
  await visitor.signIn(`${origin}/`, 'ada')
  t.match(read((await open('/ws', `${cookiesOf(visitor)}; ${forgeries.join('; ')}`))?.cookie), { user: 'ada@example.com', id_token: /./ })
  t.equal(opened.length, 2)
  t.notMatch(JSON.stringify(opened), /mallory/)
  for (const pause of [0, 70_000, 3_600_000]) {
    outside.advance(pause)
    const age = outside.now() - signedAt((await open('/ws', cookiesOf(visitor)))?.cookie)
    t.ok(age >= 0 && age < 61_000, `signed anew for a websocket too: ${age}`)
  }
})

t.test('the cookies are signed anew while the session lasts', async t => {
  const { origin, app, outside } = await startGate(t, { settings })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const times: number[] = []
  for (const pause of [0, 30_000, 40_000, 3_600_000]) {
    outside.advance(pause)
    await visitor.ask(`${origin}/`)
    times.push(outside.now() - signedAt(app.received.at(-1)?.headers.cookie))
  }
  t.ok(times.every(age => age >= 0 && age < 61_000), times.join())
  outside.advance(86_400_000)
  const { length } = app.received
  t.equal((await visitor.ask(`${origin}/`)).status, 401, 'and not a moment longer')
  t.equal(app.received.length, length)
})

t.test('tokens go to the app where settings pass them on, sealed with the app’s key; the headers stay', async t => {
  const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  const { origin, app, outside } = await startGate(t, { settings: { ...settings, oauthEncryptionKey: [key], passAccessToken: true } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const { cookie, 'x-forwarded-user': user, 'x-forwarded-access-token': access } = app.received.at(-1)?.headers ?? {}
  t.equal(user, 'ada@example.com')
  const told = read(cookie)
  t.strictSame(Object.keys(told).toSorted(), ['access_token', 'id_token', 'user'])
  const open = (text = '') => createSeal([Buffer.from(key, 'base64url')], outside).open(text)?.toString()
  t.equal(open(told['access_token']), access)
  t.equal(told['user'], 'ada@example.com')
  t.match(JSON.parse(Buffer.from((open(told['id_token']) ?? '').replace(/^[^.]*\.|\.[^.]*$/g, ''), 'base64url').toString()), { sub: 'demo-ada' })
  t.notOk(cookiesOf(visitor).split(/[=;]/).some(text => open(text.trim()) !== undefined), 'and the app’s key opens nothing of the gate’s')
})

t.test('the refresh token is the app’s where the setting passes it on, under its key too, and in no header; without the setting it is not', async t => {
  const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  for (const [more, sent] of [[{}, false], [{ passRefreshToken: true }, true], [{ passRefreshToken: true, oauthEncryptionKey: [key] }, true]] as const) {
    const { origin, app, outside } = await startGate(t, { settings: { ...settings, ...more }, provider: { refreshTokens: true } })
    await new Visitor().signIn(`${origin}/`, 'ada')
    const { cookie, ...headers } = app.received.at(-1)?.headers ?? {}
    const { refresh_token: said, ...others } = read(cookie)
    t.strictSame(Object.keys(others).toSorted(), ['id_token', 'user'])
    if (!sent) t.equal(said, undefined)
    else {
      const token = 'oauthEncryptionKey' in more ? createSeal([Buffer.from(key, 'base64url')], outside).open(said ?? '')?.toString() : said
      t.match(token, /^[\w-]{40,}$/)
      t.notOk(JSON.stringify(headers).includes(token ?? ''))
    }
  }
})

t.test('session fixation: with --app=bokeh, and --app=panel without its cookies, no client says which Bokeh session is its own, though the cookies are the app’s', async t => {
  for (const [kind, more] of [['bokeh', {}], ['panel', { upstreamIdentity: 'headers' }]] as const) {
    const app = await startPanelLike(t)
    const { origin } = await startGate(t, { app, settings: { ...settings, upstreamIdentity: undefined, app: kind, ...more } })
    const visitor = new Visitor()
    await visitor.signIn(`${origin}/`, 'ada')
    const session = ['user=theirs', ...cookiesOf(visitor).split('; ').filter(pair => pair.startsWith('oauth-gate'))].join('; ')
    for (const [cookie, path] of [[session, '/'], [session, '/open'], ['user=theirs', '/open'], ['user=theirs', '/public']] as const) {
      for (const method of ['GET', 'POST']) {
        const answer = await new Visitor().ask(`${origin}${path}?a=1&bokeh-token=mallory&%62okeh-session-id=mallory`, { method, headers: { cookie, 'Bokeh-Session-Id': 'mallory', 'content-type': 'application/x-www-form-urlencoded' } })
        t.equal(answer.setCookies.length, 6, 'what it sets is its own')
        const { url, headers } = app.received.at(-1) as typeof app.received[number]
        t.strictSame([url, read(headers.cookie), headers['content-type']], [`${path}?a=1`, { user: 'theirs' }, method === 'GET' ? undefined : 'application/x-www-form-urlencoded'])
        t.notMatch(JSON.stringify([url, headers]), /mallory|is_guest/)
      }
    }
  }
})

t.test('without the setting the app’s cookies are its own, whatever they are called', async t => {
  const app = await startPanelLike(t)
  const { origin } = await startGate(t, { app, settings: { rules: settings.rules } })
  const answer = await new Visitor().ask(`${origin}/open?bokeh-session-id=x`, { headers: { cookie: 'user=theirs; is_guest=1', 'Bokeh-Session-Id': 'y' } })
  t.equal(answer.setCookies.length, 6)
  t.match(app.received.at(-1), { url: '/open?bokeh-session-id=x', headers: { cookie: 'user=theirs; is_guest=1', 'bokeh-session-id': 'y' } })
})
