import t from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const tokenCalls = (provider: { requests: readonly { method: string, path: string }[] }) => provider.requests.filter(({ path }) => path === '/token').length

t.test('a person is sent to the provider, comes back to the page they wanted, and the app is told who they are', async t => {
  const { origin, app } = await startGate(t)
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/deep/link?x=1&y=%2Fz`, 'ada')
  t.equal(page.address, `${origin}/deep/link?x=1&y=%2Fz`, 'a deep link with a query survives')
  t.equal(page.status, 200)
  t.match(app.received.at(-1), {
    url: '/deep/link?x=1&y=%2Fz',
    headers: {
      'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada', 'x-forwarded-name': 'Ada Lovelace',
      'x-forwarded-groups': 'admins,staff', 'x-forwarded-subject': 'demo-ada', 'x-forwarded-provider': 'oidc', 'x-forwarded-proto': 'http'
    }
  })
  t.equal(app.received.length, 1, 'the app saw nothing before')
  t.notOk(app.received[0]?.headers.cookie, 'and none of our cookies')
  const name = `oauth-gate-${new URL(origin).port}`
  t.strictSame(visitor.cookieNames().sort(), [name, `${name}-arrived`], 'the login cookie is gone')
})

t.test('two tabs that sign in at once both succeed', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  const [one, two] = [await visitor.follow(`${origin}/one`), await visitor.follow(`${origin}/two`)]
  for (const [tab, path] of [[two, '/two'], [one, '/one']] as const) {
    const chosen = await visitor.navigate(tab.address, { form: { login: 'ben' } })
    const page = await visitor.follow(new URL(chosen.location, tab.address).href)
    t.match(page, { status: 200, address: origin + path })
  }
})

t.test('twenty unauthenticated fetches get 401 JSON that names the sign-in, and leave no cookie', async t => {
  const { origin, app } = await startGate(t)
  const visitor = new Visitor()
  for (let count = 0; count < 20; count++) {
    const answer = await visitor.ask(`${origin}/api/${count}`, { headers: { 'sec-fetch-mode': 'cors', accept: 'application/json' } })
    t.equal(answer.status, 401)
    t.strictSame(answer.setCookies, [])
    t.match(JSON.parse(answer.body), { error: 'GATE_LOGIN_REQUIRED', sign_in: `${origin}/oauth2/start?rd=%2Fapi%2F${count}` })
    t.ok(answer.headers['www-authenticate'])
  }
  t.equal(app.received.length, 0)
})

t.test('a form that was sent without a session is told so, and a framed page leads to a tab', async t => {
  const { origin, app } = await startGate(t)
  const form = await new Visitor().navigate(`${origin}/save`, { form: { a: '1' } })
  t.match(form, { status: 401, body: /form was not sent/ })
  const framed = await new Visitor().navigate(`${origin}/`, { headers: { 'sec-fetch-dest': 'iframe' } })
  t.match(framed, { status: 401, body: /target="_blank"/ })
  t.equal(app.received.length, 0)
})

t.test('HEAD and prefetch of a callback consume nothing: the real one still works', async t => {
  const { origin, provider } = await startGate(t)
  const visitor = new Visitor()
  const question = await visitor.follow(`${origin}/page`)
  const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
  const back = (await visitor.navigate(new URL(chosen.location, question.address).href)).location
  t.match(back, origin)
  t.equal((await visitor.ask(back, { method: 'HEAD' })).status, 204)
  t.equal((await visitor.ask(back, { headers: { 'sec-purpose': 'prefetch' } })).status, 204)
  t.equal(tokenCalls(provider), 0, 'the code was not sent')
  t.match(await visitor.follow(back), { status: 200, address: `${origin}/page` })
})

t.test('a replayed, foreign or forged callback sends nothing to the provider', async t => {
  const { origin, provider, app } = await startGate(t)
  const visitor = new Visitor()
  const question = await visitor.follow(`${origin}/page`)
  const loginCookies = new Map(visitor.cookies.get('127.0.0.1'))
  const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
  const back = (await visitor.navigate(new URL(chosen.location, question.address).href)).location

  const foreign = new Visitor()
  t.match(await foreign.navigate(back), { status: 302, location: /\/auth\?.*state=/ }, 'in another browser the login begins anew, once')
  t.equal(tokenCalls(provider), 0)

  await visitor.follow(back)
  t.equal(tokenCalls(provider), 1)
  t.match(await visitor.navigate(back), { status: 303, location: '/' }, 'a reload goes home')
  const kept = new Visitor()
  kept.cookies.set('127.0.0.1', loginCookies)
  t.match(await kept.navigate(back), { status: 400, body: /GATE_LOGIN_REPLAYED/ }, 'a kept login cookie does not help')
  for (const query of ['?code=c&state=forged', '?code=c', '?code=c&state=a&state=b', '']) {
    t.match(await new Visitor().navigate(`${origin}/oauth2/callback${query}`), { status: 400, body: /GATE_LOGIN_MISMATCH/ }, query)
  }
  t.equal(tokenCalls(provider), 1, 'and the code is never sent again')
  t.equal(app.received.filter(({ url }) => url.includes('state=')).length, 0, 'nor does the app see a callback')
})

t.test('the app’s own state and code parameters on the callback’s path stay the app’s', async t => {
  const { origin, app } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  t.equal((await visitor.navigate(`${origin}/?code=abc&state=zz`)).status, 200)
  t.equal(app.received.at(-1)?.url, '/?code=abc&state=zz')
})

for (const path of ['', '/', '/oauth2/callback', '/some/path']) {
  t.test(`cookies refused end in a page, not in a loop: redirect URI ${path === '' ? 'unset' : path}`, async t => {
    const { origin, provider, app } = await startGate(t, {
      redirectPaths: [path], provider: { remembers: true }, ...path !== '' && { settings: ({ origin }) => ({ oauthRedirectUri: origin + path }) }
    })
    const visitor = new Visitor()
    const question = await visitor.follow(`${origin}/page`)
    const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
    let at = new URL(chosen.location, question.address).href
    let ended = false
    for (let turn = 0; turn < 10 && !ended; turn++) {
      visitor.cookies.delete('127.0.0.1')
      const answer = await visitor.navigate(at)
      if (answer.location !== '') {
        at = new URL(answer.location, at).href
        continue
      }
      t.match(answer, { status: 400, body: /GATE_COOKIES_REFUSED/ })
      t.equal(turn, 3, 'after one attempt to begin anew')
      ended = true
    }
    t.ok(ended, 'it ends')
    t.equal(tokenCalls(provider), 0, 'and no code was sent')
    t.equal(app.received.length, 0)
    t.match(await new Visitor().signIn(`${origin}/page?a=1`, 'ada'), { status: 200, address: `${origin}/page?a=1` }, 'who keeps cookies gets in')
  })
}
