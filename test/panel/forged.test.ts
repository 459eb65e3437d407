// What a signed-in person can do with tokens and cookies of their own making, or of somebody else's, before real Panel apps. docs/panel.md says the same in words.
import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { forgeToken, openSession, readToken, tokenOf, type Token, type TokenContent } from './bokeh.ts'
import { handshake, seenIn, startLifted, ways, type Lifted, type Seen } from './setup.ts'

t.setTimeout(170_000)

const env = ways['only PANEL_COOKIE_SECRET']?.env ?? {}
const signed = { BOKEH_SIGN_SESSIONS: 'true', BOKEH_SECRET_KEY: '0123456789012345678901234567890123456789abcd' }

/** A cookie as Tornado signs it, by whoever does not know the secret. */
function forgedCookie (name: string, value: string): string {
  const text = Buffer.from(value).toString('base64')
  const time = String(Math.floor(Date.now() / 1000))
  const body = ['2', '1:0', `${time.length}:${time}`, `${name.length}:${name}`, `${text.length}:${text}`, ''].join('|')
  return body + createHmac('sha256', 'some other secret').update(body).digest('hex')
}

const rootCookies = { user: forgedCookie('user', 'root@example.com'), id_token: forgedCookie('id_token', Buffer.from('{"email":"root@example.com"}').toString('base64url')) }

/** Whom the cookie in a token names, signed or not. */
function userOf ({ cookies }: TokenContent): string {
  return Buffer.from(cookies?.['user']?.split('|')[4]?.split(':')[1] ?? '', 'base64').toString()
}

interface Scene {
  readonly lifted: Lifted
  /** Signed in as ben, who is up to something. */
  readonly ben: Visitor
  /** What ada's browser holds while her page is open: captured. */
  readonly adas: { readonly token: string, readonly content: Token }
  /** Whom the app shows to who opens a websocket as ben with this token. */
  tried (token: string, page?: string): Promise<{ readonly status: number, readonly document: string, readonly seen: Seen | undefined }>
}

async function startScene (t: Test, more: { readonly env?: Readonly<Record<string, string>>, readonly flags?: readonly string[] } = {}): Promise<Scene | undefined> {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return undefined
  const lifted = await startLifted(t, interpreter, { apps: ['who', 'private'], env: { ...env, ...more.env }, flags: more.flags ?? [] })
  const [ada, ben] = [new Visitor(), new Visitor()]
  const page = await ada.signIn(`${lifted.origin}/who`, 'ada')
  await ben.signIn(`${lifted.origin}/who`, 'ben')
  const token = tokenOf(page.body)
  return {
    lifted, ben, adas: { token, content: readToken(token) },
    async tried (token, page = '/who') {
      const attempt = await openSession(lifted.origin + page, token, handshake(lifted, ben))
      t.teardown(attempt.close)
      const document = attempt.status === 101 ? await attempt.document() : ''
      return { status: attempt.status, document, seen: seenIn(document) }
    }
  }
}

/** Ben's own token, opened: what he may write into another. */
async function ownContent ({ lifted: { origin }, ben }: Scene): Promise<TokenContent> {
  const { headers = {}, cookies = {} } = readToken(tokenOf((await ben.navigate(`${origin}/who`)).body))
  return { headers, cookies, arguments: {} }
}

t.test('checklist 43: a forged token or cookie never makes somebody else of who is signed in', async t => {
  const scene = await startScene(t)
  if (scene === undefined) return
  const { lifted: { origin }, ben, tried } = scene
  const own = await ownContent(scene)
  t.match(await tried(forgeToken(own)), { status: 101, seen: { user: 'ben@example.com' } }, 'a token of his own making works, and is about him')
  const forged = await tried(forgeToken({ ...own, cookies: rootCookies }))
  t.notMatch(forged.document, 'root@example.com', 'user and id_token that the secret has not signed are nobody')
  t.match(await tried(forgeToken({ ...own, cookies: { ...own.cookies, is_guest: '1' } })), { seen: { user: 'guest' } }, 'a guest he can be')

  for (const query of [`bokeh-token=${forgeToken({ ...own, cookies: rootCookies })}`, `%62okeh-token=${scene.adas.token}`, `bokeh-session-id=${scene.adas.content.session_id}`]) {
    const page = await ben.navigate(`${origin}/who?${query}`)
    t.equal(userOf(readToken(tokenOf(page.body))), 'ben@example.com', `?${query.slice(0, 16)}… makes a page for ben`)
    t.not(readToken(tokenOf(page.body)).session_id, scene.adas.content.session_id)
  }
  const header = await ben.navigate(`${origin}/who`, { headers: { 'bokeh-session-id': scene.adas.content.session_id } })
  t.not(readToken(tokenOf(header.body)).session_id, scene.adas.content.session_id, 'nor does a header lead into her session')

  const jar = ben.cookies.get('127.0.0.1')
  for (const [name, value] of Object.entries(scene.adas.content.cookies ?? {})) jar?.set(`${name}/`, { name, value, path: '/' })
  const replayed = await ben.navigate(`${origin}/who`)
  t.match(await tried(tokenOf(replayed.body)), { seen: { user: 'ben@example.com', email: 'ben@example.com' } }, 'her captured cookies in his browser do nothing')
})

t.test('where the app does not sign its sessions, what is captured of a colleague, or made up beside the cookies, is believed', async t => {
  const scene = await startScene(t)
  if (scene === undefined) return
  const { adas, tried } = scene
  const own = await ownContent(scene)
  t.match(await tried(adas.token), { seen: { user: 'ada@example.com' } }, 'her token opens her session')
  t.match(await tried(forgeToken({ ...own, cookies: adas.content.cookies ?? {} })), { seen: { user: 'ada@example.com' } }, 'her cookies in a token of his are she, for as long as Panel takes the signature: 31 days')
  t.match(await tried(forgeToken({ ...own, headers: { 'X-Forwarded-User': 'root@example.com' } })), { seen: { user: 'ben@example.com', told: 'root@example.com' } }, 'pn.state.headers says what he wrote')
  t.match((await tried(forgeToken(own), '/private')).document, 'private page of ben', 'and authorize_callback of one app is not asked by a websocket')
})

t.test('BOKEH_SIGN_SESSIONS closes it: no token but the app’s own opens anything, and a captured one only until it expires', async t => {
  const scene = await startScene(t, { env: signed, flags: ['--session-token-expiration=5'] })
  if (scene === undefined) return
  const { adas, tried, lifted: { origin }, ben } = scene
  const own = await ownContent(scene)
  for (const [what, token, page] of [
    ['his own', forgeToken(own)], ['her cookies', forgeToken({ ...own, cookies: adas.content.cookies ?? {} })], ['headers', forgeToken({ ...own, headers: { 'X-Forwarded-User': 'root@example.com' } })],
    ['her session', forgeToken(own, adas.content.session_id)], ['an altered one', `${forgeToken(own)}.${adas.token.split('.')[1] ?? ''}`], ['the denied page', forgeToken(own), '/private']
  ] as const) t.equal((await tried(token, page)).document, '', `${what}: closed`)
  t.match(await tried(tokenOf((await ben.navigate(`${origin}/who`)).body)), { seen: { user: 'ben@example.com' } }, 'the one of his page works')
  const left = adas.content.session_expiry * 1000 - Date.now()
  await new Promise(resolve => { setTimeout(resolve, Math.max(0, left) + 1500) })
  t.equal((await tried(adas.token)).document, '', 'hers is of no use any more')
  t.match(await tried(tokenOf((await ben.navigate(`${origin}/who?bokeh-token=${adas.token}`)).body)), { seen: { user: 'ben@example.com' } }, 'nor in an address')
})
