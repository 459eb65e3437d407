import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { outside as machine, type Outside } from '../../src/outside.ts'
import type { LogLine, TestApp } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { linkIn, Visitor } from '../fixtures/visitor.ts'
import { confirm, signIn } from './form.ts'
import { CLIENTS, SECRET } from './realm.ts'

export interface Surroundings {
  readonly startGate: (t: Test, settings?: Settings, outside?: Outside) => Promise<{ readonly app: TestApp, readonly log: LogLine[] }>
  readonly origin: string
  readonly issuer: string
}

const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const SCRIPT = { accept: 'application/json', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

/** What a sign-out at Keycloak does here, and one here there: with a gate that is registered for both. */
export async function testSignOut (t: Test, { startGate, origin, issuer }: Surroundings): Promise<void> {
  const told: Settings = { oauthKey: CLIENTS.told }
  const signOut = (visitor: Visitor) => visitor.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin, ...HERE } })
  const askForm = /kc-form-login/

  const ends: readonly (readonly [what: string, end: (who: { readonly visitor: Visitor, readonly subject: string }) => Promise<void>])[] = [
    ['an administrator signs the person out everywhere', async ({ subject }) => { await administer('POST', `users/${subject}/logout`) }],
    ['an administrator ends that one session', async ({ subject }) => {
      const sessions = await (await administer('GET', `users/${subject}/sessions`)).json() as { id: string, clients: object }[]
      await Promise.all(sessions.map(({ id }) => administer('DELETE', `sessions/${id}`)))
    }],
    ['the person signs out in another app', async ({ visitor }) => { await confirm(visitor, await visitor.follow(`${issuer}/protocol/openid-connect/logout?client_id=${CLIENTS.plain}`)) }]
  ]
  for (const [what, end] of ends) {
    await t.test(`${what}: the session here and what it has open end within a second, and nobody else’s`, async t => {
      const app = await startEcho(t)
      const { log } = await startGate(t, { ...told, upstream: [app.url] })
      const [ada, ben] = [await enter(t, app, 'ada'), await enter(t, app, 'ben')]
      const closed = Promise.race([once(ada.socket, 'close').then(([code, reason]) => `${String(code)} ${String(reason)}`), setTimeout(10_000, 'still open', { ref: false })])
      await end(ada)
      const since = Date.now()
      t.equal(await closed, '4401 session_ended')
      t.ok(Date.now() - since < 1000, `${Date.now() - since} ms after Keycloak was done`)
      t.match(await ada.visitor.ask(`${origin}/data`, { headers: SCRIPT }), { status: 401, body: /"ended":"back-channel"/ })
      t.match(log.filter(({ event }) => event === 'session.ended'), [{ cause: 'back-channel', provider: 'keycloak', by: 'sid', subject: ada.subject }])
      t.match(log.filter(({ event }) => event === 'connections.closed'), [{ cause: 'back-channel', websockets: 1 }])
      t.match((await ada.visitor.follow(`${origin}/`)).body, askForm, 'and Keycloak asks for the password again')
      t.equal(ben.socket.readyState, WebSocket.OPEN)
      t.equal((await ben.visitor.navigate(`${origin}/`)).status, 200)
      t.notOk(log.some(({ code }) => code === 'GATE_LOGOUT_TOKEN_INVALID'), 'no logout token was refused')
    })
  }

  for (const idTokenHint of [false, true]) {
    await t.test(`a sign-out here goes on to Keycloak, which ${idTokenHint ? 'asks nothing' : 'asks once'}, sends the person back, and wants the password again`, async t => {
      const { log } = await startGate(t, { ...told, idTokenHint, postLogoutRedirectUri: `${origin}/oauth2/signed_out` })
      const visitor = new Visitor()
      await signIn(visitor, `${origin}/`, 'ada')
      const link = linkIn(await signOut(visitor), /^Sign out at Keycloak too/) ?? ''
      t.ok(link.startsWith(`${issuer}/protocol/openid-connect/logout?`))
      const page = await visitor.follow(link)
      const back = idTokenHint ? page : await confirm(visitor, page)
      t.match(back, { status: 200, address: new RegExp(`^${origin}/oauth2/signed_out\\?`), body: /You are signed out[^]*Keycloak has sent you back here/ })
      t.match((await visitor.follow(`${origin}/`)).body, askForm)
      t.strictSame(log.filter(({ event }) => event === 'session.ended').map(({ cause }) => cause), ['sign-out', 'back-channel'])
    })
  }

  await t.test('tokens are taken back at a sign-out, and the same person’s other browser stays signed in', async t => {
    let ahead = 0
    const { log } = await startGate(t, { ...told, oauthRefreshTokens: true }, { ...machine, now: () => Date.now() + ahead })
    const [one, other] = [new Visitor(), new Visitor()]
    for (const visitor of [one, other]) await signIn(visitor, `${origin}/`, 'ada')
    t.match((await signOut(one)).body, /You are signed out/)
    await setTimeout(500)
    t.notOk(log.some(({ event }) => event === 'token.not_revoked'))
    ahead = 270_000 // of the five minutes that a token lasts
    t.equal((await other.navigate(`${origin}/`)).status, 200)
    t.match(log.filter(({ event }) => typeof event === 'string' && event.startsWith('session.')).map(({ event, cause = '' }) => `${String(event)} ${String(cause)}`.trim()), ['session.ended sign-out', 'session.refreshed'])
  })

  async function enter (t: Test, app: TestApp, username: string) {
    const visitor = new Visitor()
    await signIn(visitor, `${origin}/`, username)
    const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].filter(({ name }) => name.startsWith('oauth-gate')).map(({ name, value }) => `${name}=${value}`).join('; ')
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie, origin } })
    t.teardown(() => socket.terminate())
    await once(socket, 'open')
    return { visitor, socket, subject: String(app.received.at(-1)?.headers['x-forwarded-subject']) }
  }

  async function administer (method: string, path: string): Promise<Response> {
    const token = await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENTS.keeper, client_secret: SECRET }) })
    const { access_token: bearer } = await token.json() as { access_token: string }
    const answer = await fetch(`${issuer.replace('/realms/', '/admin/realms/')}/${path}`, { method, headers: { authorization: `Bearer ${bearer}` } })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
}

/** An app with a websocket. */
async function startEcho (t: Test): Promise<TestApp> {
  const received: TestApp['received'] = []
  const server = createServer(({ method = '', url = '', headers, rawHeaders }, response) => {
    received.push({ method, url, headers, rawHeaders })
    response.end('here')
  })
  const sockets = new WebSocketServer({ server })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, server), received }
}
