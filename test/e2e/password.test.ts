import t, { type Test } from 'tap'
import { startApp, startGate } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { Visitor } from '../fixtures/visitor.ts'

async function startWithForm (t: Test) {
  const running = await startGate(t, {
    settings: ({ provider: { endpoints } }) => ({
      oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo
    })
  })
  const tokenCalls = () => running.provider.requests.filter(({ path }) => path === '/token').length
  return { ...running, tokenCalls, action: `${running.origin}/oauth2/sign_in` }
}

async function openForm (origin: string, visitor: Visitor): Promise<string> {
  const { status, body } = await visitor.follow(`${origin}/page?x=1`)
  if (status !== 200) throw new Error(`the form came with ${status}`)
  return /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
}

t.test('the right password leads to the page that was wanted, a wrong one to the form with 401', async t => {
  const { origin, action, app } = await startWithForm(t)
  const visitor = new Visitor()
  const state = await openForm(origin, visitor)
  const wrong = await visitor.navigate(action, { form: { state, username: 'ada', password: 'x' } })
  t.match(wrong, { status: 401, headers: { 'x-oauth-gate': 'GATE_PASSWORD_REFUSED' }, body: /name or password is not right[^]*value="ada"/ })
  t.notMatch(wrong.body, 'value="x"')
  const right = await visitor.navigate(action, { form: { state, username: 'ada', password: 'ada' } })
  t.match(right, { status: 303, location: '/page?x=1' })
  t.match(await visitor.navigate(action, { form: { state, username: 'ada', password: 'ada' } }), { status: 403, headers: { 'x-oauth-gate': 'GATE_FORM_FORGED' } }, 'a form that was answered is none any more')
  t.equal((await visitor.ask(`${origin}/`)).status, 200)
  t.equal(app.received.at(-1)?.headers['x-forwarded-user'], 'ada@example.com')
})

t.test('login CSRF: a form without this browser’s state, or from another origin, sends no password anywhere', async t => {
  const { origin, action, tokenCalls } = await startWithForm(t)
  const [mine, foreign] = [new Visitor(), new Visitor()]
  const state = await openForm(origin, mine)
  const good = { state, username: 'ada', password: 'ada' }
  for (const [visitor, ask] of [
    [foreign, { form: good }], [mine, { form: { ...good, state: 'x' } }], [mine, { form: { ...good, state: '' } }],
    [mine, { form: { username: 'ada', password: 'ada' } }], [mine, { form: good, headers: { origin: 'https://evil.example' } }], [mine, { form: good, headers: { origin: 'null' } }]
  ] as const) t.match(await visitor.navigate(action, ask), { status: 403, headers: { 'x-oauth-gate': 'GATE_FORM_FORGED' } })
  t.equal(tokenCalls(), 0)
  t.equal((await mine.navigate(action, { form: good, headers: { origin } })).status, 303)
})

t.test('brute force: one name is throttled, however it is written and wherever it comes from', async t => {
  const { origin, action, tokenCalls } = await startWithForm(t)
  const statuses: number[] = []
  for (let count = 0; count < 12; count++) {
    const visitor = new Visitor()
    const state = await openForm(origin, visitor)
    statuses.push((await visitor.navigate(action, { form: { state, username: ['ada', 'ADA', ' ada ', 'ａｄａ', '\tAda\u3000', '𝐚𝐝𝐚'][count % 6] ?? '', password: 'x' } })).status)
  }
  t.strictSame(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429])
  t.equal(tokenCalls(), 10, 'the provider is not asked again')
})

t.test('brute force: one address is throttled, whatever names it tries', async t => {
  const { origin, action, tokenCalls } = await startWithForm(t)
  const visitor = new Visitor()
  const state = await openForm(origin, visitor)
  let last = 0
  for (let count = 0; count < 31; count++) last = (await visitor.navigate(action, { form: { state, username: `name-${count}`, password: 'x' } })).status
  t.equal(last, 429)
  t.equal(tokenCalls(), 30)
})

t.test('flood: a form that is larger than two short fields is refused, and no password is sent anywhere', async t => {
  const { origin, action, tokenCalls } = await startWithForm(t)
  const visitor = new Visitor()
  const state = await openForm(origin, visitor)
  for (const form of [{ state, username: 'ada', password: 'x'.repeat(17_000) }, { state, username: 'ada', password: 'ada', more: 'x'.repeat(17_000) }]) {
    t.match(await visitor.navigate(action, { form }), { status: 400, headers: { 'x-oauth-gate': 'GATE_MALFORMED_REQUEST' } })
  }
  t.equal(tokenCalls(), 0)
})

t.test('with another account: the form is shown to somebody who is signed in', async t => {
  const { origin, action } = await startWithForm(t)
  const visitor = new Visitor()
  const state = await openForm(origin, visitor)
  await visitor.navigate(action, { form: { state, username: 'cleo', password: 'cleo' } })
  t.match((await visitor.follow(`${origin}/oauth2/sign_in`)).body, /You are signed in[^]*cleo@example.com/)
  t.match((await visitor.follow(`${origin}/oauth2/start?prompt=select_account&rd=%2Fadmin`)).body, /type="password"/)
})

t.test('brute force: five thousand other names do not make the gate forget how often one was tried', onlyInCi('five thousand sign-ins'), async t => {
  t.setTimeout(240_000)
  const endpoint = await startApp(t, (request, response) => {
    request.resume()
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
  })
  const { origin } = await startGate(t, {
    settings: { trustedProxy: ['127.0.0.1'], oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: `${endpoint.url}/token`, oauthUserUrl: `${endpoint.url}/me` }
  })
  const { now } = Date
  const frozen = now() // all within one minute, however long this machine takes for it
  Date.now = () => frozen
  t.teardown(() => { Date.now = now })
  const visitor = new Visitor()
  const state = await openForm(origin, visitor)
  const attempt = async (username: string, count: number) => (await visitor.navigate(`${origin}/oauth2/sign_in`, {
    form: { state, username, password: 'x' }, headers: { 'x-forwarded-for': `10.${count >> 8 & 255}.${count & 255}.1` }
  })).status
  for (let count = 0; count < 10; count++) t.equal(await attempt('ada', count), 401)
  t.equal(await attempt('ada', 11), 429)
  for (let count = 100; count < 5_300; count += 26) await Promise.all(Array.from({ length: 26 }, (_, index) => attempt(`other-${count + index}`, count + index)))
  t.equal(await attempt('ada', 12), 429, 'still')
})
