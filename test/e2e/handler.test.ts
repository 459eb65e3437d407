// A provider that is not OAuth: a plugin with pages of its own, in front of a real gate.
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { blamed, file, load } from '../config/setup.ts'
import { startGate, type GateSetup } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const calls: string[] = []
Object.assign(globalThis, { doorCalls: calls })

const door = `export default {
  name: 'door', label: 'Door', parameters: { word: { kind: 'text', doc: 'The word of the day.', example: 'sesame', default: 'sesame' } },
  guide: { register: 'Ask the doorman' },
  handler: async (app, context) => {
    app.get('/', async (request, reply) => {
      globalThis.doorCalls.push('form')
      return reply.type('text/html').send('<form method="post" action="' + context.url(request, '/open') + '"><input name="who"><input name="word"></form>')
    })
    app.post('/open', async (request, reply) => {
      globalThis.doorCalls.push('open')
      const { who, word, more } = request.body
      if (word === 'never') context.fail(request, reply, { reason: 'the door is walled up', detail: 'never said' })
      if (word !== context.parameters.word || context.secret !== 'hush') return reply.code(401).type('text/html').send('wrong word')
      return context.complete(request, reply, { subject: 'door-' + who, email: who + '@example.com', login: who, groups: ['guests'], ...JSON.parse(more ?? '{}') })
    })
  }
}`

function startDoor (t: Test, more: Settings = {}, setup: GateSetup = {}) {
  calls.length = 0
  const ours: Settings = { oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: 'hush', providerModule: file(t, 'door.mjs', door) }
  return startGate(t, { settings: { ...ours, ...more }, ...setup })
}

/** To the form, and where its answer goes. */
async function toForm (visitor: Visitor, address: string): Promise<string> {
  const page = await visitor.follow(address)
  return /action="([^"]+)"/.exec(page.body)?.[1] ?? `no form at ${page.address}: ${page.body}`
}

const ada = { who: 'ada', word: 'sesame' }
const copyOf = ({ cookies }: Visitor): Visitor => {
  const copy = new Visitor()
  for (const [host, jar] of cookies) copy.cookies.set(host, new Map(jar))
  return copy
}

t.test('a person goes to the plugin’s own page, comes back to the page they wanted, and the app is told who they are', async t => {
  const { origin, app } = await startDoor(t)
  const visitor = new Visitor()
  const action = await toForm(visitor, `${origin}/deep?x=1`)
  t.match(action, new RegExp(`^${origin}/oauth2/with/door/open\\?state=[\\w-]{44}$`))
  t.match(await visitor.navigate(action, { form: { ...ada, word: 'please' } }), { status: 401, body: 'wrong word' }, 'a second try goes on with the same login')
  const answer = await visitor.navigate(action, { form: ada })
  t.match(answer, { status: 303, location: '/deep?x=1', headers: { 'cache-control': 'no-store' } })
  t.match((await visitor.navigate(`${origin}/deep?x=1`)).status, 200)
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada', 'x-forwarded-groups': 'guests', 'x-forwarded-subject': 'door-ada', 'x-forwarded-provider': 'door' })
  t.strictSame(visitor.cookieNames().filter(name => name.includes('login')), [], 'the login cookie is gone')
  t.equal(app.received.length, 1, 'and the app saw nothing before')
})

t.test('claims that a plugin gives can be kept and sent on; tokens there are none, not even a client’s', async t => {
  const { origin, app } = await startDoor(t, { claim: { room: 'rooms[0]' }, header: { 'X-Room': 'claims.room' }, passAccessToken: true, passAuthorizationHeader: true })
  const visitor = new Visitor()
  await visitor.navigate(await toForm(visitor, `${origin}/`), { form: { ...ada, more: '{"rooms":["blue","red"],"access_token":"secret","id_token":"secret"}' } })
  t.equal((await visitor.navigate(`${origin}/`, { headers: { authorization: 'Bearer mallory' } })).status, 200)
  t.equal(app.received.at(-1)?.headers['x-room'], 'blue')
  t.strictSame(['authorization', 'x-forwarded-access-token'].filter(name => name in (app.received.at(-1)?.headers ?? {})), [])
})

t.test('a login ends once: the same answer a second time makes no session', async t => {
  const { origin, app } = await startDoor(t)
  const visitor = new Visitor()
  const action = await toForm(visitor, `${origin}/`)
  const thief = copyOf(visitor)
  t.equal((await visitor.navigate(action, { form: ada })).status, 303)
  const again = await thief.navigate(action, { form: ada })
  t.match(again, { status: 400, headers: { 'x-oauth-gate': 'GATE_LOGIN_REPLAYED' } })
  t.not((await thief.navigate(`${origin}/`)).status, 200)
  t.equal(app.received.length, 0)
})

t.test('a login is of the browser that began it: another one with its address gets no further', async t => {
  const { origin, app } = await startDoor(t)
  const attacker = new Visitor()
  const action = await toForm(attacker, `${origin}/`)
  calls.length = 0
  const victim = new Visitor()
  t.match(await victim.navigate(action, { form: ada }), { status: 400, headers: { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH' } }, 'a form of another site')
  const page = action.replace('/open', '')
  const restarted = await victim.navigate(page)
  t.match(restarted, { status: 302, location: /\/oauth2\/with\/door\?state=/ }, 'who only followed the link begins a login of their own')
  t.notOk(restarted.location.includes(new URL(action).searchParams.get('state') ?? '?'))
  const cookieless = new Visitor()
  t.match(await cookieless.navigate(new URL(restarted.location, origin).href), { status: 400, headers: { 'x-oauth-gate': 'GATE_COOKIES_REFUSED' } }, 'once')
  t.strictSame(calls, [], 'and the plugin was never asked')
  t.equal(app.received.length, 0)
})

t.test('no address below the plugin’s is reached without a login of this very provider', async t => {
  const settings = ({ provider }: { provider: { issuer: string } }): Settings => ({
    oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined,
    providers: [
      { id: 'first', provider_module: file(t, 'door.mjs', door), oauth_secret: 'hush', oauth_jwt_user: 'email' }, { id: 'second', label: 'Back door', provider_module: file(t, 'door.mjs', door), oauth_secret: 'hush', oauth_jwt_user: 'email' },
      { id: 'other', oauth_provider: 'oidc', oauth_issuer: provider.issuer, oauth_key: 'k', oauth_secret: 's' }
    ]
  })
  const { origin, app } = await startGate(t, { settings })
  const visitor = new Visitor()
  const begin = async (id: string) => new URL((await visitor.navigate(`${origin}/oauth2/start?provider=${id}`)).location, origin).searchParams.get('state') ?? ''
  const [first, second, other] = [await begin('first'), await begin('second'), await begin('other')]
  calls.length = 0
  for (const query of ['', '?state=', '?state=forged', `?state=${'A'.repeat(44)}`, `?state=${second}`, `?state=${other}`, `?state=${first}&state=${first}`, `?state=${first}&state=${second}`]) {
    t.match(await visitor.navigate(`${origin}/oauth2/with/first${query}`), { status: 400, headers: { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH' } }, query)
    t.match(await visitor.navigate(`${origin}/oauth2/with/first/open${query}`, { form: ada }), { status: 400 }, query)
  }
  t.match(await visitor.navigate(`${origin}/oauth2/callback?state=${first}&code=c`), { status: 400, headers: { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH' } }, 'and its own login ends at no callback')
  t.match(await visitor.navigate(`${origin}/oauth2/with/first/none?state=${first}`), { status: 404 })
  t.match(await visitor.navigate(`${origin}/oauth2/with/none?state=${first}`), { status: 404 })
  t.match(await visitor.ask(`${origin}/oauth2/with/first?state=${first}`, { method: 'HEAD' }), { status: 404 })
  t.match(await visitor.navigate(`${origin}/oauth2/with/first?state=${first}`, { headers: { 'sec-purpose': 'prefetch' } }), { status: 204 })
  t.strictSame(calls, [], 'the plugin was never asked')
  t.match(await visitor.navigate(`${origin}/oauth2/with/first/open?state=${first}`, { form: ada }), { status: 303 }, 'and with its own login it is')
  t.equal(app.received.length, 0)
})

t.test('a plugin may refuse, and what it says of a person is judged like what any provider says', async t => {
  const { origin, app } = await startDoor(t, { allowedDomains: 'example.com' })
  const outcome = async (form: Record<string, string>) => {
    const visitor = new Visitor()
    const action = await toForm(visitor, `${origin}/`)
    const { status, headers, body } = await visitor.navigate(action, { form })
    const replayed = await visitor.navigate(action, { form: ada })
    t.notMatch(replayed.headers, { location: '/' }, 'and the login is over')
    t.not((await visitor.navigate(`${origin}/`)).status, 200)
    return { status, code: headers['x-oauth-gate'], body }
  }
  t.match(await outcome({ ...ada, word: 'never' }), { status: 401, code: 'GATE_PROVIDER_REFUSED', body: /The door is walled up/ })
  t.match(await outcome({ ...ada, more: '{"subject":""}' }), { status: 401, code: 'GATE_USER_MISSING' })
  t.match(await outcome({ ...ada, more: '{"subject":{"id":1}}' }), { status: 401, code: 'GATE_USER_MISSING' })
  t.match(await outcome({ ...ada, more: '{"subject":"a\\u0000b"}' }), { status: 401, code: 'GATE_USER_MISSING' })
  t.match(await outcome({ ...ada, more: '{"email":null}' }), { status: 401, code: 'GATE_USER_MISSING' })
  t.match(await outcome({ ...ada, more: '{"email":"ada@example.org"}' }), { status: 403, code: 'GATE_ACCESS_DENIED' })
  t.equal(app.received.length, 0)
})

t.test('it needs no client, takes no settings of OAuth, and its shape is checked', async t => {
  const module = file(t, 'door.mjs', door)
  const flags = { 'oauth-provider': undefined, 'oauth-issuer': undefined, 'oauth-key': undefined, 'oauth-secret': undefined, 'provider-module': module }
  t.match(load(flags).config.providers[0], { id: 'door', provider: { flow: 'handler' } })
  t.match(load({ ...flags, 'pass-access-token': true }).notices.join('\n'), /--pass-access-token: the provider door has no tokens, so the header is absent/)
  t.strictSame(blamed(() => load({ ...flags, 'oauth-issuer': 'https://id.example', 'oauth-scope': 'a', 'oauth-extra-params': '{\'prompt\': \'x\'}' })).toSorted(), ['oauth-extra-params', 'oauth-issuer', 'oauth-scope'])
  const odd = file(t, 'odd.mjs', 'export default { name: \'odd\', label: \'Odd\', handler: {}, scopes: [\'a\'], guide: {} }')
  t.throws(() => load({ ...flags, 'provider-module': odd }), /handler must be a function[^]*scopes is no field[^]*/)
})
