import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { ProviderAnswerInvalid, ProviderTimeout, ProviderUnreachable } from '../../src/errors.ts'
import { createProviderFetch, isSafeUrl, readJson } from '../../src/oauth/http.ts'
import { certificate, key } from './certificate.ts'
import { json, startHostileProvider, type Answer, type HostileProvider } from '../fixtures/hostile-provider.ts'

const fetch = createProviderFetch()
const hasty = createProviderFetch({ timeout: 300 })

async function start (answer: Answer): Promise<{ hostile: HostileProvider, url: string }> {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  hostile.answer('/x', answer)
  return { hostile, url: `${hostile.issuer}/x?secret=1` }
}

t.test('an answer comes whole, with our name on the question', async t => {
  const { hostile, url } = await start((response, seen) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(Object.fromEntries(seen.body))))
  })
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ a: 'ü' }), headers: { 'user-agent': 'somebody else' } })
  t.strictSame(await readJson(answer, 'x'), { a: 'ü' })
  t.match(hostile.requests, [{ method: 'POST', headers: { 'user-agent': 'oauth-gate' } }])
})

t.test('a redirect is an error that names its target, and is not followed', async t => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { hostile, url } = await start(response => response.writeHead(status, { location: '/elsewhere?token=secret' }).end())
    await t.rejects(fetch(url, { method: 'POST', body: new URLSearchParams({ code: 'c' }) }), {
      constructor: ProviderAnswerInvalid, message: `${hostile.issuer}/x answered ${status}, a redirect to ${hostile.issuer}/elsewhere`
    })
    t.strictSame(hostile.at('/elsewhere'), [])
  }
})

t.test('an answer that wants to be asked again on another connection is not: a code is sent once', async t => {
  for (const request of [{ method: 'POST', body: new URLSearchParams({ code: 'c' }) }, {}]) {
    const { hostile, url } = await start(json({}, 421))
    await t.rejects(fetch(url, request), { constructor: ProviderAnswerInvalid, message: `${hostile.issuer}/x answered 421, to be asked again on another connection: nothing is sent twice` })
    t.equal(hostile.requests.length, 1)
  }
})

t.test('answers without a body, without a type, or with a redirect to nowhere are what they are', async t => {
  const empty = await start(response => response.writeHead(204).end())
  t.equal((await fetch(empty.url, {})).status, 204)
  const untyped = await start(response => response.writeHead(200).end('{}'))
  await t.rejects(fetch(untyped.url, {}).then(answer => readJson(answer, 'x')), { message: 'x answered 200 with no content type instead of JSON' })
  const nowhere = await start(response => response.writeHead(302, { location: 'http://' }).end())
  await t.rejects(fetch(nowhere.url, {}), { constructor: ProviderAnswerInvalid, message: `${nowhere.hostile.issuer}/x answered 302, a redirect` })
  const silent = await start(response => response.writeHead(302).end())
  await t.rejects(fetch(silent.url, {}), ProviderAnswerInvalid)
  t.equal(nowhere.hostile.requests.length, 1)
})

t.test('a certificate that nobody vouches for ends the request before it is sent', async t => {
  const paths: Array<string | undefined> = []
  const server = createServer({ cert: certificate, key }, (request, response) => {
    paths.push(request.url)
    response.end('x')
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/x`
  await t.rejects(fetch(url, {}), { constructor: ProviderUnreachable, message: `GET ${url}: DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate` })
  t.strictSame(paths, [], 'nothing was said to it')
})

t.test('whoever asks can stop waiting', async t => {
  const { hostile, url } = await start(() => undefined)
  await t.rejects(fetch(url, { signal: AbortSignal.timeout(250) }), { constructor: ProviderUnreachable, message: `GET ${hostile.issuer}/x: the request was not possible` })
  t.equal(hostile.requests.length, 1)
})

t.test('an answer of more than 1 MiB is cut off, also where it was small before decompression', async t => {
  const plain = await start(response => response.writeHead(200).end(Buffer.alloc(1024 * 1024 + 1)))
  await t.rejects(fetch(plain.url, {}), { constructor: ProviderAnswerInvalid, message: /more than 1 MiB/ })
  const small = gzipSync(Buffer.alloc(20 * 1024 * 1024))
  t.ok(small.byteLength < 100_000)
  const bomb = await start(response => response.writeHead(200, { 'content-encoding': 'gzip' }).end(small))
  await t.rejects(fetch(bomb.url, {}), { constructor: ProviderAnswerInvalid, message: /more than 1 MiB/ })
  const just = await start(response => response.writeHead(200).end(Buffer.alloc(1024 * 1024)))
  t.equal((await (await fetch(just.url, {})).arrayBuffer()).byteLength, 1024 * 1024)
})

t.test('the deadline holds for answers that never begin and for those that never end', async t => {
  const silent = await start(() => undefined)
  await t.rejects(hasty(silent.url, {}), { constructor: ProviderTimeout, message: `GET ${silent.hostile.issuer}/x: no whole answer within 300 ms` })
  const endless = await start(response => {
    const drip = setInterval(() => response.write(' '), 20)
    response.writeHead(200, { 'content-type': 'application/json' }).on('close', () => clearInterval(drip))
  })
  const began = performance.now()
  await t.rejects(hasty(endless.url, {}), { constructor: ProviderTimeout, message: /no whole answer within 300 ms/ })
  t.ok(performance.now() - began < 5000)
  t.equal(endless.hostile.requests.length, 1, 'and nothing is asked twice')
})

t.test('a failure below HTTP has its address and its real cause', async t => {
  const { hostile, url } = await start(response => response.destroy())
  await t.rejects(fetch(url, {}), { constructor: ProviderUnreachable, message: `GET ${hostile.issuer}/x: UND_ERR_SOCKET: other side closed` })
  await hostile.close()
  hostile.close = async () => {}
  await t.rejects(fetch(url, {}), { constructor: ProviderUnreachable, message: /^GET http:\/\/127\.0\.0\.1:\d+\/x: ECONNREFUSED/ })
})

t.test('https where only http is spoken says so, in one line', async t => {
  const { url } = await start(json({}))
  await t.rejects(fetch(url.replace('http:', 'https:'), {}), { constructor: ProviderUnreachable, message: /^GET https:\/\/[^ ]+: what listens there does not speak TLS; is it http:\/\/\?$/ })
})

t.test('an address or a header that cannot be sent is not quoted', async t => {
  const { hostile, url } = await start(json({}))
  const error: unknown = await fetch(url, { headers: { authorization: 'Bearer secret\nvalue' } }).catch((error: unknown) => error)
  t.match(error, { constructor: ProviderUnreachable, cause: undefined })
  t.notMatch(String(error), /secret/)
  t.strictSame(hostile.requests, [])
})

t.test('plain http leaves for loopback only', async t => {
  for (const url of ['https://p.example/x', 'http://localhost:1/', 'http://127.0.0.1/', 'http://127.9.9.9/', 'http://[::1]:8/', 'http://a.localhost/']) t.ok(isSafeUrl(url), url)
  for (const url of ['http://p.example/', 'http://127.0.0.1.example/', 'http://localhost.example/', 'http://10.0.0.1/', 'ftp://localhost/', 'file:///etc/passwd', 'data:,x', '/x', '']) t.notOk(isSafeUrl(url), url)
  await t.rejects(fetch('http://p.example/x?secret', {}), { constructor: ProviderUnreachable, message: 'GET http://p.example/x: http is for loopback addresses only' })
})

t.test('only what says that it is JSON is read as JSON', async t => {
  for (const type of ['application/json', 'Application/JSON;charset=utf-8', 'application/jwk-set+json']) {
    t.strictSame(await readJson(new Response('{"a":1}', { headers: { 'content-type': type } }), 'x'), { a: 1 }, type)
  }
  for (const type of ['text/html', 'text/plain', 'application/jwt', 'application/x-www-form-urlencoded', 'application/jsonp', 'text/json<script>']) {
    await t.rejects(readJson(new Response('{"a":1}', { headers: { 'content-type': type } }), 'the token endpoint'), { constructor: ProviderAnswerInvalid, message: /^the token endpoint answered 200 with [\w /+-]+ instead of JSON$/ }, type)
  }
  const error: unknown = await readJson(new Response('{"access_token":"secret', { headers: { 'content-type': 'application/json' } }), 'x').catch((error: unknown) => error)
  t.match(error, { constructor: ProviderAnswerInvalid, cause: undefined })
  t.notMatch(String(error), /secret/, 'the text is not quoted')
})
