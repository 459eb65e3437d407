// What once was a session, or is something else of ours that is sealed: at no place of a real gate does it sign anybody in.
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { CLIENT, startGate } from '../fixtures/gate.ts'
import { startRedis } from '../fixtures/redis.ts'
import { headerOf, sessionCookies } from '../fixtures/sealed-cookies.ts'
import { signOut, startSibling, userIn } from '../fixtures/siblings.ts'
import { cookiesOf, linkIn, Visitor } from '../fixtures/visitor.ts'

const nobody = new Visitor()
const isSession = /^site(?:\.\d)?$/
const asked = async (origin: string, cookie: string) => userIn(await nobody.ask(`${origin}/`, { headers: { cookie } }))

/** Where sessions may be. Null without a Redis on this machine. */
const places: Readonly<Record<string, (t: Test) => Promise<Settings | null>>> = {
  'in cookies': async () => ({}),
  'in memory': async () => ({ sessionStore: 'memory' }),
  'in a Redis': async t => await redis(t, url => ({ sessionStore: url })),
  'in cookies, and who signed out in a Redis': async t => await redis(t, url => ({ revocationStore: url }))
}

async function redis (t: Test, settings: (url: string) => Settings): Promise<Settings | null> {
  const server = await startRedis(t)
  return server === null ? null : settings(server.url)
}

for (const [where, place] of Object.entries(places)) {
  const start = async (t: Test) => {
    const settings = await place(t)
    return settings === null ? null : { settings, gate: await startGate(t, { settings: { cookieName: 'site', ...settings } }) }
  }

  t.test(`replay after sign-out: a copy of the cookie opens nothing, here and at a gate that starts afterwards, with sessions ${where}`, async t => {
    const started = await start(t)
    if (started === null) return
    const { settings, gate } = started
    const [ada, ben] = [new Visitor(), new Visitor()]
    await ada.signIn(`${gate.origin}/`, 'ada')
    await ben.signIn(`${gate.origin}/`, 'ben')
    const [copy, bens] = [cookiesOf(ada), cookiesOf(ben)]
    t.equal(await asked(gate.origin, copy), 'ada@example.com')
    t.match(await signOut(ada, gate.origin), { status: 200, body: /signed out/ })
    t.equal(await asked(gate.origin, copy), 401)
    for (const path of ['/oauth2/userinfo', '/oauth2/sign_in']) t.notMatch((await nobody.ask(`${gate.origin}${path}`, { headers: { cookie: copy } })).body, /ada@example/, path)
    t.equal(await asked(gate.origin, bens), 'ben@example.com', 'others are left alone')
    if (!/Redis/.test(where)) return // what a restart forgets is said at start
    const next = await startSibling(t, gate, settings)
    gate.provider.setRedirectUris(CLIENT.id, [gate.origin, next.origin])
    t.equal(await asked(next.origin, copy), 401)
    t.equal(await asked(next.origin, bens), 'ben@example.com')
  })

  t.test(`session fixation: a session that somebody has planted is never that of who signs in, and ends, with sessions ${where}`, async t => {
    const gate = (await start(t))?.gate
    if (gate === undefined) return
    const [attacker, victim] = [new Visitor(), new Visitor()]
    await attacker.signIn(`${gate.origin}/`, 'ada')
    const planted = headerOf(sessionCookies(attacker, isSession))
    victim.cookies.set('127.0.0.1', new Map(attacker.cookies.get('127.0.0.1')))
    t.match(await victim.signIn(`${gate.origin}/oauth2/start?rd=%2F&prompt=select_account`, 'ben'), { status: 200 })
    const own = headerOf(sessionCookies(victim, isSession))
    t.not(own, planted)
    t.equal(await asked(gate.origin, own), 'ben@example.com')
    t.equal(await asked(gate.origin, planted), 401, 'what was planted is over')
    await victim.signIn(`${gate.origin}/oauth2/start?rd=%2F&prompt=select_account`, 'ben')
    t.not(headerOf(sessionCookies(victim, isSession)), own, 'each sign-in is a new session')
    t.equal(await asked(gate.origin, own), 401, 'and the one before is over')
  })
}

t.test('cross-use: nothing that is sealed or signed for one purpose is taken for another, by a gate of the very same keys', async t => {
  const server = await startRedis(t)
  if (server === null) return
  const first = await startGate(t, { settings: ({ origin }) => ({ cookieName: 'site', postLogoutRedirectUri: `${origin}/oauth2/signed_out` }) })
  const tickets = await startSibling(t, first, { sessionStore: server.url })
  const elsewhere = await startSibling(t, first, { cookieName: 'other' })
  first.provider.setRedirectUris(CLIENT.id, [first.origin, tickets.origin, elsewhere.origin])
  const things = new Map<string, string>()
  const gather = async (of: string, origin: string, name: RegExp) => {
    const visitor = new Visitor()
    await visitor.signIn(`${origin}/`, 'ada')
    await visitor.navigate(`${origin}/oauth2/start?prompt=select_account`)
    for (const pair of cookiesOf(visitor).split('; ')) {
      const [key = '', value = ''] = pair.split(/=(.*)/s)
      things.set(name.test(key) ? `${of}: session` : `${of}: ${key.replace(/^(?:site|other)/, '').replace(/-login-.*/, '-login')}`, value)
      if (key.includes('-login-')) things.set(`${of}: state`, key.replace(/^.*-login-/, ''))
    }
    return visitor
  }
  const ada = await gather('cookies', first.origin, isSession)
  await gather('tickets', tickets.origin, isSession)
  await gather('another name', elsewhere.origin, /^other$/)
  t.equal(await asked(first.origin, `site=${things.get('cookies: session')}`), 'ada@example.com')
  const own = things.get('cookies: session') ?? ''
  const wayBack = new URL(linkIn(await signOut(ada, first.origin), /^Sign out at/) ?? '').searchParams.get('state') ?? ''
  things.set('way back', wayBack)
  const records = (await server.cli('keys', '*')).split('\n').filter(key => key.includes(':session:'))
  for (const [index, key] of records.entries()) things.set(`record ${index}`, await server.cli('get', key))
  t.ok(things.size >= 12, [...things.keys()].join(', '))

  const state = things.get('cookies: state') ?? ''
  const tokens = () => first.provider.requests.filter(({ path }) => path === '/token').length
  const before = tokens()
  for (const [what, value] of things) {
    for (const { origin, name } of [{ origin: first.origin, name: 'site' }, { origin: tickets.origin, name: 'site' }, { origin: elsewhere.origin, name: 'other' }]) {
      const fits = (what === 'tickets: session' && origin === tickets.origin) || (what === 'another name: session' && origin === elsewhere.origin) || value === own
      if (!fits) t.equal(await asked(origin, `${name}=${value}`), 401, `${what} as a session`)
      const login = await nobody.navigate(`${origin}/?code=stolen&state=${state}`, { headers: { cookie: `${name}-login-${state}=${what === 'cookies: -login' ? `${value}x` : value}` } })
      t.not(login.status, 200, `${what} as a login`)
      t.strictSame(login.setCookies.filter(line => line.startsWith(`${name}=`)), [], 'and no session begins')
      const as = encodeURIComponent(value)
      t.notOk((await nobody.navigate(`${origin}/?code=stolen&state=${as}`)).setCookies.some(line => line.startsWith(`${name}=`)), `${what} as a state`)
      if (what !== 'way back') t.notMatch((await nobody.navigate(`${origin}/oauth2/signed_out?state=${as}`)).body, /has sent you back/, `${what} as a way back`)
    }
  }
  t.equal(tokens(), before, 'and no code was sent anywhere')
})
