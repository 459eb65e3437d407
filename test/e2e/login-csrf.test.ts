// A visitor who is up to something: brings somebody the callback, the login or the code of another sign-in.
import t from 'tap'
import { CLIENT, startGate, type GateSetup, type Running } from '../fixtures/gate.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

const tokenCalls = ({ provider }: Pick<Running, 'provider'>) => provider.requests.filter(({ path }) => path === '/token').length
const loginCookies = (visitor: Visitor) => [...visitor.cookies.get('127.0.0.1') ?? []].filter(([, { name }]) => name.includes('-login-'))

interface Hooked { readonly visitor: Visitor, readonly begun: URL, readonly back: string }

/** Signs in at the provider, and keeps the callback to themselves. */
async function hook ({ origin }: Running, login: string, ask: { readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Hooked> {
  const visitor = new Visitor()
  const begun = (await visitor.navigate(`${origin}/oauth2/start?rd=/mine`, ask)).location
  const question = await visitor.follow(begun)
  const chosen = await visitor.navigate(question.address, { form: { login } })
  return { visitor, begun: new URL(begun), back: (await visitor.navigate(new URL(chosen.location, question.address).href)).location }
}

const whoIs = async (visitor: Visitor, { origin }: Running): Promise<unknown> => {
  const { status, body } = await visitor.ask(`${origin}/oauth2/userinfo`)
  return status === 200 ? (JSON.parse(body) as Record<string, unknown>)['user'] : status
}

t.test('login CSRF: whoever opens the callback of somebody else’s sign-in stays who they are', async t => {
  const running = await startGate(t)
  const { origin, app } = running
  const mallory = await hook(running, 'ben')
  const code = mallory.back.replace(/^.*\?/, '')

  const stranger = new Visitor()
  const begun = await stranger.navigate(mallory.back)
  t.match(begun, { status: 302, location: /\/auth\?/ })
  t.not(new URL(begun.location).searchParams.get('state'), mallory.begun.searchParams.get('state'), 'a login of their own begins')
  t.equal(await whoIs(stranger, running), 401)

  const busy = new Visitor()
  const own = await busy.follow(`${origin}/page`)
  for (const path of ['/', '/oauth2/callback']) t.match(await busy.navigate(`${origin}${path}?${code}`), { status: 302, location: /\/auth\?/ }, `in the middle of a sign-in, ${path}`)
  const chosen = await busy.navigate(own.address, { form: { login: 'ada' } })
  t.match(await busy.follow(new URL(chosen.location, own.address).href), { status: 200, address: `${origin}/page` }, 'which ends as it would have')
  t.equal(await whoIs(busy, running), 'ada@example.com')

  t.match(await busy.navigate(mallory.back), { status: 303, location: '/' }, 'signed in')
  t.equal(await whoIs(busy, running), 'ada@example.com')
  t.equal(tokenCalls(running), 1, 'nobody’s code but their own was ever sent')
  t.equal(app.received.filter(({ url }) => url.includes('code=')).length, 0)
})

t.test('login CSRF by an error: an answer that somebody made up ends nobody’s sign-in, and shows none of its words', async t => {
  const running = await startGate(t)
  const { origin } = running
  const mallory = await hook(running, 'ben')
  const visitor = new Visitor()
  const own = await visitor.follow(`${origin}/page`)
  for (const state of [mallory.begun.searchParams.get('state') ?? '', 'x'.repeat(44), '']) {
    const answer = await visitor.navigate(`${origin}/oauth2/callback?${new URLSearchParams({ error: 'access_denied', error_description: 'Call 555-0100', state })}`)
    t.notMatch(answer.body, /555-0100/)
  }
  const chosen = await visitor.navigate(own.address, { form: { login: 'ada' } })
  t.match(await visitor.follow(new URL(chosen.location, own.address).href), { status: 200, address: `${origin}/page` })
})

t.test('state fixation: a login that a sister domain plants is none, because only this very host can set its name', async t => {
  const https = { headers: { host: 'app.example.com', 'x-forwarded-proto': 'https' } }
  const running = await startGate(t, { settings: { publicUrl: 'https://app.example.com', trustedProxy: ['127.0.0.1'] } })
  running.provider.setRedirectUris(CLIENT.id, ['https://app.example.com'])
  const mallory = await hook(running, 'ben', https)
  const address = running.origin + mallory.back.slice('https://app.example.com'.length)
  const cookies = loginCookies(mallory.visitor)
  t.match(cookies, [[/^__Host-/, { name: /^__Host-/ }]])

  const victim = new Visitor()
  victim.cookies.set('127.0.0.1', new Map(cookies.map(([key, cookie]) => [key, { ...cookie, name: cookie.name.replace('__Host-', '') }])))
  t.match(await victim.navigate(address, https), { status: 302, location: /\/auth\?/ }, 'their own login begins instead')
  t.equal(tokenCalls(running), 0)
  t.match(await mallory.visitor.navigate(address, https), { status: 303, location: '/mine' }, 'by the right name it would have been one')
})

t.test('state swap: a login under another login’s name is none', async t => {
  const running = await startGate(t)
  const mallory = await hook(running, 'ben')
  const victim = await hook(running, 'ada')
  const [[, stolen] = [], [key, own] = []] = [...loginCookies(mallory.visitor), ...loginCookies(victim.visitor)]
  if (stolen === undefined || own === undefined || key === undefined) return t.fail('each has a login')
  victim.visitor.cookies.get('127.0.0.1')?.set(key, { ...own, value: stolen.value })
  t.match(await victim.visitor.navigate(victim.back), { status: 302, location: /\/auth\?/ })
  t.equal(tokenCalls(running), 0)
})

const injections: Readonly<Record<string, { readonly settings: NonNullable<GateSetup['settings']>, readonly code: string, readonly sent: number }>> = {
  'code injection: a stolen code in a login of the thief’s is not redeemed, by PKCE': { settings: {}, code: 'GATE_GRANT_REFUSED', sent: 1 },
  'code injection: a stolen code in a login of the thief’s signs nobody in, by the nonce': { settings: { usePkce: false }, code: 'GATE_ID_TOKEN_INVALID', sent: 1 }
}

for (const [title, { settings, code, sent }] of Object.entries(injections)) {
  t.test(title, async t => {
    const running = await startGate(t, { settings })
    const victim = await hook(running, 'ada')
    const thief = new Visitor()
    const own = new URL((await thief.navigate(`${running.origin}/oauth2/start`)).location)
    const injected = new URL(victim.back)
    injected.searchParams.set('state', own.searchParams.get('state') ?? '')
    t.match(await thief.navigate(injected.href), { headers: { 'x-oauth-gate': code } })
    t.equal(tokenCalls(running), sent)
    t.equal(await whoIs(thief, running), 401)
    t.strictSame(running.app.received, [])
  })
}

t.test('parameter pollution: a callback that says something twice, or two things at once, sends no code', async t => {
  const running = await startGate(t)
  const { visitor, back } = await hook(running, 'ada')
  const { origin, searchParams } = new URL(back)
  const [code = '', state = '', iss = ''] = ['code', 'state', 'iss'].map(name => searchParams.get(name) ?? '')
  t.ok(code !== '' && state !== '' && iss !== '')
  const doubtful: [string, string][][] = [
    [['code', 'another'], ['code', code], ['state', state], ['iss', iss]], [['code', code], ['state', state], ['state', state], ['iss', iss]],
    [['code', code], ['state', state], ['iss', iss], ['iss', 'https://other.example']], [['code', code], ['error', 'access_denied'], ['state', state], ['iss', iss]],
    [['code', ''], ['state', state], ['iss', iss]], [['code', code], ['state', state]], [['code[]', code], ['state', state], ['iss', iss]]
  ]
  for (const pairs of doubtful) {
    const answer: Answer = await visitor.navigate(`${origin}/oauth2/callback?${new URLSearchParams(pairs)}`)
    t.ok(answer.status >= 400, `${pairs.map(([name]) => name).join(', ')}: ${answer.status}`)
  }
  t.equal(tokenCalls(running), 0)
  t.match(await visitor.follow(back), { status: 200 }, 'and the true answer still counts')
})

t.test('response_mode swap: a code in a form signs nobody in', async t => {
  const running = await startGate(t)
  const { visitor, back } = await hook(running, 'ada')
  const { origin, searchParams } = new URL(back)
  for (const path of ['/', '/oauth2/callback']) {
    for (const from of [origin, running.provider.issuer, 'null']) {
      const posted = await visitor.navigate(`${origin}${path}`, { form: Object.fromEntries(searchParams), headers: { origin: from } })
      t.ok(posted.status >= 400, `${path} from ${from}: ${posted.status}`)
    }
  }
  t.equal(tokenCalls(running), 0)
  t.equal(await whoIs(visitor, running), 401)
})

t.test('flood: a page that begins a hundred logins in somebody’s browser leaves it eight, and the next one signs in', async t => {
  const running = await startGate(t)
  const visitor = new Visitor()
  const statuses = new Set<number>()
  for (let count = 0; count < 100; count++) statuses.add((await visitor.navigate(`${running.origin}/oauth2/start?prompt=again`)).status)
  t.strictSame([...statuses], [302])
  t.equal(loginCookies(visitor).length, 8)
  t.match(await visitor.signIn(`${running.origin}/oauth2/start?rd=/page`, 'ada'), { status: 200, address: `${running.origin}/page` })
})
