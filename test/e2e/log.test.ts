import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { startProvider } from '../../src/demo/provider.ts'
import { CLIENT, COOKIE_SECRET, freePort, startApp } from '../fixtures/gate.ts'
import { hearOut } from '../fixtures/speaking.ts'
import { Visitor } from '../fixtures/visitor.ts'

t.test('nothing secret is in a URL, on a page, or in the log of a whole sign-in at the most talkative level', async t => {
  const provider = await startProvider({ address: 'localhost', clients: [{ ...CLIENT, redirectUris: [] }] })
  t.teardown(() => provider.close())
  const app = await startApp(t)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  provider.setRedirectUris(CLIENT.id, [origin])
  const child = spawn(process.execPath, ['bin/oauth-gate.js', 'serve'], {
    env: {
      PATH: process.env['PATH'], OAUTH_GATE_UPSTREAM: app.url, OAUTH_GATE_PORT: String(port), PANEL_OAUTH_PROVIDER: 'oidc', OAUTH_GATE_OAUTH_ISSUER: provider.issuer,
      PANEL_OAUTH_KEY: CLIENT.id, PANEL_OAUTH_SECRET: CLIENT.secret, PANEL_COOKIE_SECRET: COOKIE_SECRET, OAUTH_GATE_LOG_LEVEL: 'trace',
      OAUTH_GATE_PASS_ACCESS_TOKEN: 'yes', OAUTH_GATE_PASS_AUTHORIZATION_HEADER: 'yes', OAUTH_GATE_HEADER: 'X-WEBAUTH-USER=login'
    }
  })
  const { ended, said } = hearOut(t, child)
  while (!said().includes('Sign-in lasts')) await Promise.race([once(child.stdout, 'data'), ended.then(() => { throw new Error(said()) })])
  t.match(said(), `Redirect URI   ${origin}`)
  t.match(said(), /Who may enter\s+Anyone with an account/)

  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/deep?secret-search-term=1`, 'ada')
  t.equal(page.status, 200)
  const { authorization = '', 'x-forwarded-access-token': access = '' } = app.received.at(-1)?.headers as Record<string, string>
  t.match([authorization, access], [/^Bearer eyJ/, /^[\w-]{20,}$/], 'the app has the tokens')
  const callback = new URL(visitor.seen.find(address => address.includes('code=')) ?? '')
  await visitor.navigate(callback.href)
  await visitor.navigate(`${origin}/oauth2/callback?code=stray-code&state=stray`)
  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST' })
  child.kill('SIGTERM')
  t.strictSame(await ended, [0, null], 'SIGTERM ends it cleanly')

  const values = [...visitor.cookies.values()].flatMap(jar => [...jar.values()]).map(({ value }) => value).filter(value => value.length > 15)
  const secrets = [CLIENT.secret, COOKIE_SECRET, callback.searchParams.get('code'), callback.searchParams.get('state'), 'stray-code', 'secret-search-term', 'eyJ', 'gAAAAA', access, authorization.slice(-40), ...values]
  for (const secret of secrets) t.notOk(said().includes(secret ?? ''), `${secret?.slice(0, 8)}… is not in the log`)
  t.match(said(), /"event":"login.succeeded","provider":"oidc","subject":"demo-ada"/)
  const ours = visitor.seen.filter(address => address.startsWith(origin))
  for (const secret of [CLIENT.secret, COOKIE_SECRET, 'eyJ', 'gAAAAA']) t.notOk(ours.some(address => address.includes(secret)))
  t.notMatch(page.body.replace(authorization, ''), /gAAAAA|eyJ/, 'but for what the app itself echoes')
})
