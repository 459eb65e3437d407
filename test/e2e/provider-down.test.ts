import { createServer } from 'node:http'
import t from 'tap'
import { startProvider } from '../../src/demo/provider.ts'
import { CLIENT, freePort, startGate } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

t.test('a provider that is down at start is a page, and the gate lets people in once it is up', async t => {
  const port = await freePort()
  const { origin, app, outside } = await startGate(t, { settings: { oauthIssuer: `http://localhost:${port}` } })
  const visitor = new Visitor()
  t.match(await visitor.follow(`${origin}/page`), { status: 502, headers: { 'x-oauth-gate': 'GATE_PROVIDER_UNREACHABLE' }, body: /cannot be reached/ })
  t.notMatch((await visitor.follow(`${origin}/page`)).body, String(port), 'and the page names no address')
  const provider = await startProvider({ address: 'localhost', port, clients: [{ ...CLIENT, redirectUris: [origin] }] })
  t.teardown(() => provider.close())
  outside.advance(1_100) // a failure is remembered for a second
  t.match(await visitor.signIn(`${origin}/page`, 'ada'), { status: 200, address: `${origin}/page` })
  t.equal(app.received.length, 1)
})

t.test('an app that is down is a page that tries again by itself, and names no address', async t => {
  const port = await freePort()
  const app = { url: `http://127.0.0.1:${port}`, received: [] }
  const { origin } = await startGate(t, { app, settings: { rules: [{ path: '/', allow: 'public' }] } })
  const page = await new Visitor().navigate(`${origin}/x`)
  t.match(page, { status: 502, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_UNREACHABLE', refresh: '20' }, body: /Stop trying by itself/ })
  t.notMatch(page.body, String(port))
  t.match(JSON.parse((await new Visitor().ask(`${origin}/x`, { headers: { 'sec-fetch-mode': 'cors' } })).body), { error: 'GATE_UPSTREAM_UNREACHABLE', request_id: String })
  const server = createServer((_request, response) => { response.end('up') })
  await new Promise<void>(resolve => { server.listen(port, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  t.equal((await new Visitor().navigate(`${origin}/x`)).body, 'up')
})

t.test('a cancelled sign-in is a page, makes no session, and shows what the provider says as text', async t => {
  const { origin, provider, app } = await startGate(t)
  const visitor = new Visitor()
  const question = await visitor.follow(`${origin}/page`)
  const state = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name }) => name.slice(-44))[0] ?? ''
  t.ok(question.address.includes('/interaction/'))
  const answer = await visitor.navigate(`${origin}/?state=${state}&error=access_denied&error_description=${encodeURIComponent('<script>no</script>')}&iss=${encodeURIComponent(provider.issuer)}`)
  t.match(answer, { status: 401, headers: { 'x-oauth-gate': 'GATE_LOGIN_CANCELLED' }, body: /&lt;script&gt;no&lt;\/script&gt;[^]*Sign in/ })
  t.notMatch(answer.body, '<script>')
  t.match(answer.body, 'start?rd=%2Fpage', 'another try ends where this one was going to')
  t.equal(provider.requests.filter(({ path }) => path === '/token').length, 0)
  t.equal((await visitor.ask(`${origin}/page`)).status, 401, 'there is no session')
  t.equal(app.received.length, 0)
  t.match(await new Visitor().navigate(`${origin}/?state=${state}&error=access_denied&error_description=phish`), { status: 302 }, 'what is sent to another browser is not shown there')
})

t.test('open redirect: no sign-in ends anywhere but on this site', async t => {
  const { origin } = await startGate(t)
  for (const rd of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%09/evil.example', 'javascript:alert(1)', '/oauth2/sign_out', '///evil.example', 'http:evil.example']) {
    const visitor = new Visitor()
    const page = await visitor.signIn(`${origin}/oauth2/start?rd=${encodeURIComponent(rd)}`, 'ada')
    t.ok(page.address.startsWith(`${origin}/`) && !page.address.includes('sign_out'), `${rd} leads to ${page.address}`)
  }
  t.equal((await new Visitor().signIn(`${origin}/oauth2/start?rd=${encodeURIComponent('/a?b=c')}`, 'ada')).address, `${origin}/a?b=c`)
})
