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
  readonly ada: Visitor
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
    lifted, ben, ada, adas: { token, content: readToken(token) },
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
  t.match(await tried(forgeToken({ ...own, cookies: rootCookies })), { status: 403, document: '' }, 'user and id_token that the secret has not signed are refused')
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

t.test('where the app does not sign its sessions, the gate refuses what is captured of a colleague, or made up about the person', async t => {
  const scene = await startScene(t)
  if (scene === undefined) return
  const { ada, adas, tried, lifted } = scene
  const own = await ownContent(scene)
  const hers = await openSession(`${lifted.origin}/who`, adas.token, handshake(lifted, ada))
  t.teardown(hers.close)
  t.match(seenIn(await hers.document()), { user: 'ada@example.com' }, 'ada’s page is open')
  const opened = () => lifted.panel.said().split('WebSocket connection opened').length
  const before = opened()
  const { id_token = '' } = adas.content.cookies ?? {}
  for (const [what, token] of [
    ['her token', adas.token],
    ['her cookies in a token of his, which Panel would take for 31 days', forgeToken({ ...own, cookies: adas.content.cookies ?? {} })],
    ['her id_token beside his user', forgeToken({ ...own, cookies: { ...own.cookies, id_token } })],
    ['the page of hers that is open, by its id in a token of his', forgeToken(own, adas.content.session_id)],
    ['a header of his own making', forgeToken({ ...own, headers: { 'X-Forwarded-User': 'root@example.com' } })],
    ['the same as another would spell it', forgeToken({ ...own, headers: { x_forwarded_groups: 'admins' } })],
    ['cookies that the secret has not signed', forgeToken({ ...own, cookies: rootCookies })]
  ] as const) t.match(await tried(token), { status: 403, document: '' }, what)
  t.equal(opened(), before, 'and the app never heard of any')
  const again = await openSession(`${lifted.origin}/who`, adas.token, handshake(lifted, ada))
  t.teardown(again.close)
  t.match(seenIn(await again.document()), { user: 'ada@example.com' }, 'ada herself comes back to her page')
  t.match(await tried(forgeToken({})), { seen: { user: 'ben@example.com', told: 'ben@example.com' } }, 'a token that says nothing of the person is about who brings it')
  const unopened = readToken(tokenOf((await ada.navigate(`${lifted.origin}/who`)).body))
  t.match(await tried(forgeToken(own, unopened.session_id)), { seen: { user: 'ada@example.com' } }, 'what remains: by its id he is in a page of hers that was made, and not opened here')
  t.match((await tried(forgeToken(own), '/private')).document, 'private page of ben', 'authorize_callback of one app is not asked by a websocket: he is in, as himself')
})

t.test('BOKEH_SIGN_SESSIONS: no token but the app’s own opens anything, for whom and at the page that it was made for, until it expires', async t => {
  const scene = await startScene(t, { env: signed, flags: ['--session-token-expiration=5'] })
  if (scene === undefined) return
  const { adas, tried, lifted: { origin }, ben } = scene
  const own = await ownContent(scene)
  for (const [what, token, page] of [
    ['his own', forgeToken(own)], ['her cookies', forgeToken({ ...own, cookies: adas.content.cookies ?? {} })], ['headers', forgeToken({ ...own, headers: { 'X-Forwarded-User': 'root@example.com' } })],
    ['her session', forgeToken(own, adas.content.session_id)], ['an altered one', `${forgeToken(own)}.${adas.token.split('.')[1] ?? ''}`], ['the denied page', forgeToken(own), '/private']
  ] as const) t.equal((await tried(token, page)).document, '', `${what}: closed`)
  const his = tokenOf((await ben.navigate(`${origin}/who`)).body)
  t.match(await tried(his), { seen: { user: 'ben@example.com' } }, 'the one of his page works')
  t.match(await tried(his, '/private'), { status: 403, document: '' }, 'but not at the page that he was denied')
  t.match(await tried(adas.token), { status: 403, document: '' }, 'and hers not even before it expires')
  const left = readToken(his).session_expiry * 1000 - Date.now()
  await new Promise(resolve => { setTimeout(resolve, Math.max(0, left) + 1500) })
  t.equal((await tried(his)).document, '', 'his is of no use any more')
  t.match(await tried(tokenOf((await ben.navigate(`${origin}/who?bokeh-token=${adas.token}`)).body)), { seen: { user: 'ben@example.com' } }, 'nor in an address')
})
