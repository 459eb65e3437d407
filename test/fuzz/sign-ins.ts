import type { Test } from 'tap'
import { startGate, type Running } from '../fixtures/gate.ts'
import { clientId, clientSecret, startHostileProvider, type HostileProvider } from '../fixtures/hostile-provider.ts'
import { answersIn } from '../fixtures/talk.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'
import { startApp } from './app.ts'
import { speak } from './speak.ts'
import type { Target } from './target.ts'
import { fc } from '../fixtures/random.ts'

interface World extends Pick<Running, 'origin'> {
  readonly hostile: HostileProvider
  begin (address?: string): Promise<{ readonly visitor: Visitor, readonly state: string, readonly cookie: string }>
}

/** A gate before a provider that says what it is told to. */
async function startWorld (t: Test, settings: object = {}): Promise<World> {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  const { origin } = await startGate(t, { app: { url: (await startApp(t)).url, received: [] }, settings: { oauthIssuer: hostile.issuer, oauthKey: clientId, oauthSecret: clientSecret, allowUnverifiedEmail: true, ...settings } })
  return {
    origin, hostile,
    async begin (address = `${origin}/oauth2/start?rd=/page`) {
      const visitor = new Visitor()
      const { location, setCookies } = await visitor.navigate(address)
      const { searchParams } = new URL(location)
      const now = Math.floor(Date.now() / 1000)
      hostile.claims = { nonce: searchParams.get('nonce') ?? '', iat: now, exp: now + 3600 }
      return { visitor, state: searchParams.get('state') ?? '', cookie: setCookies.find(line => line.includes('login'))?.split(';', 1).join() ?? '' }
    }
  }
}

const text = (text: string): fc.Arbitrary<string> => fc.oneof(
  { weight: 3, arbitrary: fc.constant(text) },
  fc.tuple(fc.nat(text.length), fc.constantFrom(...'Aa0_-=.%+ /')).map(([at, character]) => text.slice(0, at) + character + text.slice(at + 1)),
  fc.nat(text.length).map(at => text.slice(0, at)),
  fc.constantFrom(text + text, `${text}=`, ` ${text}`, '', text.toLowerCase())
)

/** Each login that this browser has begun, none of which was meant. */
export const loginCookies: Target = {
  name: 'login cookies: no code is sent to the provider but with a state of ours and the very cookie of that login',
  async start (t) {
    const { origin, hostile, begin } = await startWorld(t)
    const logins = await Promise.all(Array.from({ length: 4 }, () => begin()))
    const [names, values] = [logins.map(({ cookie }) => cookie.split('=', 1).join()), logins.map(({ cookie }) => cookie.replace(/^[^=]*=/, ''))]
    const state = fc.constantFrom(...logins.map(({ state }) => state)).chain(text)
    const cookie = fc.tuple(fc.constantFrom(...names).chain(text), fc.constantFrom(...values).chain(text)).map(([name, value]) => `${name}=${value}`)
    const query = fc.constantFrom('code=stolen', 'code=stolen', 'error=access_denied', 'code=a&code=b', 'code=')
    return fc.asyncProperty(state, fc.array(cookie, { maxLength: 4 }), query, fc.constantFrom('/', '/oauth2/callback'), async (state, cookies, query, path) => {
      const isWhole = (at: number) => cookies.filter(cookie => cookie.trim().startsWith(`${names[at]}=`)).length === 1 && cookies.some(cookie => cookie.trim() === `${names[at]}=${values[at]}`)
      if (logins.some((login, at) => login.state === state && isWhole(at))) return // that is a sign-in, and ends the login
      const before = hostile.at('/token').length
      const [answer] = answersIn(await speak(origin, `GET ${path}?${query}&state=${encodeURIComponent(state)} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nAccept: text/html\r\nConnection: close\r\nCookie: ${cookies.join('; ')}\r\n\r\n`))
      if (hostile.at('/token').length !== before) throw new Error('a code was sent')
      if (answer === undefined || ![200, 302, 303, 400, 401].includes(answer.status)) throw new Error(`it was answered with ${answer?.status}`)
      if (/^set-cookie: oauth-gate-\d+=[^;]/im.test(answer.head)) throw new Error('a session began')
    }) as never
  }
}

const names = fc.oneof(fc.constantFrom('email', 'email_verified', 'name', 'groups', 'preferred_username', 'login', 'role', 'roles', 'teams', 'sub', 'sid', 'session_expiry', 'amr', 'acr', 'auth_time', 'at_hash', '__proto__', 'constructor', 'toString', '_claim_names', '_claim_sources'), fc.string({ maxLength: 6 }))
const odd = fc.oneof(fc.constantFrom<unknown>('x\r\nX-Forwarded-User: admin', 'ada@example.com', 'a@b@c', 'é€😀', '\ud800', '\0', '', ['admins'], [['admins']], { groups: 'admins' }, true, 'true', 0, 1e300, -1, null, '%00', 'a,b', 'x'.repeat(9000)), fc.jsonValue({ maxDepth: 3 }))
const claims = fc.array(fc.tuple(names, odd), { maxLength: 8 }).map(members => Object.fromEntries(members))

export const signInClaims: Target = {
  name: 'claims: whatever a provider says of somebody, they are let in as one person or not at all, and the app is told in plain headers',
  async start (t) {
    const { origin, hostile, begin } = await startWorld(t)
    const before = Object.getOwnPropertyNames(Object.prototype).join()
    return fc.asyncProperty(claims, claims, async (idToken, userinfo) => {
      const { visitor, state } = await begin()
      const { sub = 'm-1' } = idToken as { sub?: unknown }
      hostile.claims = { ...idToken, ...hostile.claims }
      hostile.user = { sub, ...userinfo }
      const answer = await visitor.navigate(`${origin}/?code=c&state=${state}`)
      if (Object.getOwnPropertyNames(Object.prototype).join() !== before) throw new Error('every object has become another')
      await judge(answer, visitor, origin)
    }) as never
  }
}

async function judge (answer: Answer, visitor: Visitor, origin: string): Promise<void> {
  if (answer.status !== 303 && ![400, 401, 403, 502].includes(answer.status)) throw new Error(`it was answered with ${answer.status} ${String(answer.headers['x-oauth-gate'])}`)
  const page = await visitor.ask(`${origin}/page`)
  if (answer.status !== 303 && page.status !== 401) throw new Error(`who was refused got ${page.status}`)
  if (answer.status !== 303) return
  const { told } = JSON.parse(page.body) as { told: string[] }
  if (page.status !== 200 || told.length !== 1 || !/^[\x20-\x7e]+$/.test(told[0] ?? '')) throw new Error(`the app was told of ${JSON.stringify(told)}`)
}

const where = fc.array(fc.constantFrom('/', '\\', '//', '..', '@', ':', '?', '#', '%2f', '%5c', '%0d%0aX:1', '\t', ' ', 'evil.example', 'http:', 'x', ';', '%00', '%', '[', '\u2028', 'oauth2', '&rd=//evil.example'), { maxLength: 8 })

export const signInReturns: Target = {
  name: 'rd: a sign-in ends on this site, wherever its beginning said to return to',
  async start (t) {
    const { origin, begin } = await startWorld(t)
    return fc.asyncProperty(where, fc.boolean(), async (pieces, isEncoded) => {
      const rd = pieces.join('')
      const { visitor, state } = await begin(`${origin}/oauth2/start?rd=${isEncoded ? encodeURIComponent(rd) : rd.replace(/[\t \u2028#]/g, '')}`)
      const { status, location } = await visitor.navigate(`${origin}/?code=c&state=${state}`)
      if (status !== 303 || /[^\x21-\x7e]/.test(location) || new URL(location, origin).origin !== origin) throw new Error(`${JSON.stringify(rd)} ends with ${status} at ${JSON.stringify(location)}`)
    }) as never
  }
}
