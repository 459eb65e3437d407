import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { createGate } from '../../src/gate.ts'
import { runCommand } from '../cli/run-command.ts'
import { file } from '../config/setup.ts'
import { COOKIE_SECRET, freePort, startApp } from '../fixtures/gate.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { createAuth0 } from '../fixtures/simulators/auth0.ts'
import { CLIENT, type AuthorizationServer } from '../fixtures/simulators/authorization-server.ts'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { createCentrify } from '../fixtures/simulators/centrify.ts'
import type { Simulator } from '../fixtures/simulators/http.ts'
import { createOneLogin } from '../fixtures/simulators/onelogin.ts'
import { personCalled } from '../fixtures/simulators/people.ts'
import { startWorld } from '../fixtures/simulators/world.ts'

type Provider = Simulator & { readonly server: AuthorizationServer }

interface Row {
  readonly label: string
  readonly simulator: () => Promise<Provider> | Provider
  /** As Grafana's page has it, with what stands there in angle brackets filled in. */
  readonly block: string
  readonly scope: string
  /** Whether a token request has a header for the client. */
  readonly authorization: boolean
  /** What the app is told. */
  readonly outcome: Readonly<Record<string, string | undefined>>
}

const ids = `client_id = ${CLIENT.id}
client_secret = ${CLIENT.secret}`

const rows: readonly Row[] = [
  {
    label: 'Auth0', simulator: createAuth0, scope: 'openid profile email', authorization: false,
    block: `[auth.generic_oauth]
enabled = true
allow_sign_up = true
team_ids =
allowed_organizations =
name = Auth0
${ids}
scopes = openid profile email
auth_url = https://acme.eu.auth0.com/authorize
token_url = https://acme.eu.auth0.com/oauth/token
api_url = https://acme.eu.auth0.com/userinfo
use_pkce = true
`,
    outcome: { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada@example.com', 'x-forwarded-name': 'Ada Lovelace', 'x-forwarded-subject': 'auth0|1815' }
  },
  {
    label: 'BitBucket', simulator: createBitbucket, scope: 'account email', authorization: true,
    block: `[auth.generic_oauth]
name = BitBucket
enabled = true
allow_sign_up = true
${ids}
scopes = account email
auth_url = https://bitbucket.org/site/oauth2/authorize
token_url = https://bitbucket.org/site/oauth2/access_token
api_url = https://api.bitbucket.org/2.0/user
teams_url = https://api.bitbucket.org/2.0/user/permissions/workspaces
team_ids_attribute_path = values[*].workspace.slug
team_ids =
allowed_organizations =
`,
    outcome: { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada', 'x-forwarded-name': 'Ada Lovelace', 'x-forwarded-subject': '{1815}' }
  },
  {
    label: 'Centrify', simulator: createCentrify, scope: 'openid profile email', authorization: false,
    block: `[auth.generic_oauth]
name = Centrify
enabled = true
allow_sign_up = true
${ids}
scopes = openid profile email
auth_url = https://acme.my.centrify.com/OAuth2/Authorize/grafana
token_url = https://acme.my.centrify.com/OAuth2/Token/grafana
api_url = https://acme.my.centrify.com/OAuth2/UserInfo/grafana
`,
    outcome: { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada@example.com', 'x-forwarded-name': 'Ada Lovelace', 'x-forwarded-subject': 'c2c7bcc6-9560-44e0-8dff-000000001815' }
  },
  {
    label: 'OneLogin', simulator: createOneLogin, scope: 'openid email name', authorization: false,
    block: `[auth.generic_oauth]
name = OneLogin
enabled = true
allow_sign_up = true
${ids}
scopes = openid email name
auth_url = https://acme.onelogin.com/oidc/2/auth
token_url = https://acme.onelogin.com/oidc/2/token
api_url = https://acme.onelogin.com/oidc/2/me
team_ids =
allowed_organizations =
`,
    outcome: { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada@example.com', 'x-forwarded-name': undefined, 'x-forwarded-subject': '1815' }
  }
]
const oneLogin = rows.find(({ label }) => label === 'OneLogin') as Row

/** The same as variables. */
function asVariables (block: string): Record<string, string> {
  return Object.fromEntries([...block.matchAll(/^(\w+) = ?(.*)$/gm)].map(([, key = '', value = '']) => [`GF_AUTH_GENERIC_OAUTH_${key.toUpperCase()}`, value]))
}

interface Start {
  readonly simulator: Provider
  readonly ini?: (port: number) => string
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: (port: number) => Readonly<Record<string, string | boolean>>
}

async function start (t: Test, { simulator, ini, env = {}, flags = () => ({}) }: Start) {
  const world = await startWorld(t, simulator)
  const [app, port] = [await startApp(t), await freePort()]
  const { config } = loadConfig({ env, flags: { upstream: app.url, port: String(port), 'cookie-secret': COOKIE_SECRET, 'log-level': 'silent', ...ini !== undefined && { config: file(t, 'grafana.ini', ini(port)) }, ...flags(port) } })
  const gate = await createGate(config, new TestOutside())
  t.teardown(() => gate.close())
  await gate.listen({ host: '127.0.0.1', port })
  const origin = `http://127.0.0.1:${port}`
  simulator.server.person = personCalled('ada')
  return { world, app, origin, config }
}

/** Whoever opens a page of the app is signed in, as the row says. */
async function signsIn (t: Test, row: Row, simulator: Provider, { world, app, origin }: Awaited<ReturnType<typeof start>>) {
  simulator.server.redirectUris.push(`${origin}/login/generic_oauth`)
  const visitor = world.browser()
  t.match((await visitor.navigate(`${origin}/oauth2/sign_in`)).body, `>Sign in with ${row.label}</a>`)
  const page = await visitor.follow(`${origin}/page?x=1`)
  const asked = visitor.seen.map(address => new URL(address)).find(({ hostname }) => simulator.hosts.includes(hostname))
  const query = Object.fromEntries(asked?.searchParams ?? [])
  t.match(query, { client_id: CLIENT.id, redirect_uri: `${origin}/login/generic_oauth`, scope: row.scope, code_challenge_method: 'S256', response_type: 'code' })
  const [token, ...more] = world.asked.filter(({ at }) => at.startsWith('POST '))
  t.equal(token?.headers.authorization !== undefined, row.authorization, 'the client proves itself in the one way that this provider takes')
  t.match(token?.form.get('redirect_uri'), `${origin}/login/generic_oauth`)
  t.strictSame(more, [], 'and the code is sent once')
  t.match(page, { status: 200, address: `${origin}/page?x=1` })
  for (const [name, value] of Object.entries(row.outcome)) t.equal(app.received.at(-1)?.headers[name], value, name)
  t.equal(app.received.length, 1)
  t.strictSame(world.strangers, [], 'and nobody else was asked anything')
}

for (const row of rows) {
  t.test(`Grafana’s block for ${row.label}, pasted into a file, signs a person in`, async t => {
    const simulator = await row.simulator()
    await signsIn(t, row, simulator, await start(t, { simulator, ini: () => row.block }))
  })

  t.test(`the same for ${row.label} as GF_AUTH_GENERIC_OAUTH_*, with --grafana-env`, async t => {
    const simulator = await row.simulator()
    await signsIn(t, row, simulator, await start(t, { simulator, env: asVariables(row.block), flags: () => ({ 'grafana-env': true }) }))
  })
}

t.test('OneLogin’s Login URL, which is the redirect URI opened by itself, begins a sign-in', async t => {
  const simulator = await createOneLogin()
  const { world, app, origin } = await start(t, { simulator, ini: () => oneLogin.block })
  const door = `${origin}/login/generic_oauth`
  simulator.server.redirectUris.push(door)
  t.match(await world.browser().follow(door), { status: 200, address: `${origin}/` })
  t.match(await world.browser().follow(`${door}/?iss=https%3A%2F%2Facme.onelogin.com%2Foidc%2F2`), { status: 200, address: `${origin}/` }, 'with whatever OneLogin adds')
  t.match(await world.browser().follow(`${door}?rd=%2Fdeep%3Fa%3D1`), { address: `${origin}/deep?a=1` })
  t.match(await world.browser().follow(`${door}?next=/deep`), { address: `${origin}/deep` })
  for (const rd of ['https://evil.example/', '//evil.example', '/\\evil.example', door, '/login/generic_oauth', '/login/%67eneric_oauth?rd=/x']) {
    t.equal((await world.browser().follow(`${door}?rd=${encodeURIComponent(rd)}`)).address, `${origin}/`, `${rd} is nowhere to go`)
  }
  const visitor = world.browser()
  const { location } = await visitor.navigate(`${door}?prompt=select_account&provider=other&restarted=1&scope=admin&redirect_uri=https://evil.example&login_hint=x`)
  t.match(Object.fromEntries(new URL(location).searchParams), { redirect_uri: door, scope: 'openid email name', prompt: undefined, login_hint: undefined }, 'and of its query nothing else counts')
  t.ok(app.received.every(({ url }) => !url.startsWith('/login/')), 'nor does the app ever see it')
})

t.test('an answer that nobody asked for begins nothing, and its code goes nowhere', async t => {
  const simulator = await createOneLogin()
  const { world, app, origin } = await start(t, { simulator, ini: () => oneLogin.block })
  for (const query of ['?code=c', '?code=c&state=forged', '?error=access_denied', '?error=x&state=y', '?code=', '?%63ode=c']) {
    const page = await world.browser().navigate(`${origin}/login/generic_oauth${query}`)
    t.match(page, { status: 400, location: '', headers: { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH' } }, query)
  }
  t.equal((await world.browser().ask(`${origin}/login/generic_oauth`, { method: 'POST' })).status, 404)
  t.equal((await world.browser().ask(`${origin}/login/generic_oauth`, { method: 'HEAD' })).status, 204)
  t.strictSame([world.asked.length, app.received.length], [0, 0])
})

t.test('root_url is where people come in, and what is registered lies below it', async t => {
  const simulator = await createOneLogin()
  const { world, app, origin, config } = await start(t, { simulator, ini: port => `[server]
protocol = http
domain = 127.0.0.1
http_port = ${port}
root_url = %(protocol)s://%(domain)s:%(http_port)s/tool/
serve_from_sub_path = true
${oneLogin.block}` })
  t.match(config, { publicUrl: new URL(origin), prefix: '/tool', rootPath: '/' })
  simulator.server.redirectUris.push(`${origin}/tool/login/generic_oauth`)
  t.match(await world.browser().follow(`${origin}/tool/page`), { status: 200, address: `${origin}/tool/page` })
  t.match(await world.browser().follow(`${origin}/tool/login/generic_oauth`), { status: 200, address: `${origin}/tool/` })
  t.equal((await world.browser().navigate(`${origin}/login/generic_oauth`)).status, 302, 'outside of it that path is the app’s, and asks for a sign-in like any')
  t.strictSame(app.received.map(({ url }) => url), ['/tool/page', '/tool/'])
})

t.test('an explicit redirect URI is the one that counts, and so is every other flag', async t => {
  const simulator = await createOneLogin()
  const { world, origin, config } = await start(t, { simulator, ini: port => `[server]\nroot_url = http://localhost:${port}\n${oneLogin.block}`, flags: port => ({ 'oauth-redirect-uri': `http://127.0.0.1:${port}/back`, 'public-url': `http://127.0.0.1:${port}`, 'oauth-scope': 'openid email', name: 'Us' }) })
  simulator.server.redirectUris.push(`${origin}/back`)
  t.match(config, { publicUrl: new URL(origin), providers: [{ label: 'Us', oauthScope: ['openid', 'email'] }] })
  const visitor = world.browser()
  t.match(await visitor.follow(`${origin}/page`), { status: 200, address: `${origin}/page` })
  t.match(await world.browser().follow(`${origin}/login/generic_oauth`), { status: 200, address: `${origin}/` }, 'though the other path still begins a sign-in')
  t.notOk(visitor.seen.some(address => address.includes('generic_oauth')), 'and nobody comes back to it')
})

t.test('icon is on the button, for the eye alone; an unknown one is signin', async t => {
  const simulator = await createOneLogin()
  const page = async (icon: string) => {
    const { world, origin } = await start(t, { simulator, ini: () => oneLogin.block + icon })
    return (await world.browser().navigate(`${origin}/oauth2/sign_in`)).body
  }
  const [signin, lock, rocket] = [await page('icon = signin'), await page('icon = lock'), await page('icon = <b>rocket</b>')]
  for (const body of [signin, lock, rocket]) t.match(body, /<a class="key" href="[^"]+"><svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="[^"]+"\/><\/svg>Sign in with OneLogin<\/a>/)
  const drawn = (body: string) => /<svg[^>]*focusable="false"><path d="([^"]+)"\/><\/svg>Sign in/.exec(body)?.[1]
  t.equal(drawn(rocket), drawn(signin))
  t.not(drawn(lock), drawn(signin))
  t.notMatch(rocket, 'rocket', 'and what stands there is never markup')
})

t.test('the command starts with a pasted block, the app and the cookie secret, and says what to register', async t => {
  const path = file(t, 'grafana.ini', `${oneLogin.block}role_attribute_path = "'Admin'"\n[security]\nadmin_password = hunter2\n`)
  const { code, out, err } = await runCommand(['check', `--config=${path}`, '--upstream=http://127.0.0.1:5006', `--cookie-secret=${COOKIE_SECRET}`])
  t.equal(code, 0, err)
  t.match(out, /Provider {7}OneLogin\n {2}Redirect URI {3}http:\/\/127\.0\.0\.1:4180\/login\/generic_oauth {3}\(register/)
  t.match(out, /Open {11}http:\/\/127\.0\.0\.1:4180\n/)
  t.match(out, 'not used is [security]')
  t.notMatch(out + err, /hunter2|s3cr3t/, 'and no secret is printed')
  const bare = await runCommand(['check', `--config=${path}`])
  t.match(bare, { code: 1, err: /There is no --upstream[^]*cookie_secret/ })
})
