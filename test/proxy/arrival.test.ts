import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { createArrivals, isHost, type Arrival, type ArrivalOptions } from '../../src/proxy/arrival.ts'

interface From { readonly peer?: string, readonly headers?: Readonly<Record<string, string>> }

/** A request as Node makes it, from a peer that a loopback socket cannot be. */
function arrive (options: Partial<ArrivalOptions>, { peer = '192.0.2.1', headers = {} }: From = {}): Arrival {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: peer === '' ? undefined : peer })
  const request = new IncomingMessage(socket)
  Object.assign(request.headers, { host: 'gate.example' }, headers)
  return createArrivals({ tls: false, trustedProxies: [], useXheaders: false, ...options })(request)
}

const lies = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', 'x-real-ip': '6.6.6.7', 'x-scheme': 'https' }

t.test('nobody is believed about where a request came from, unless we were told to', async t => {
  t.strictSame({ ...arrive({}, { headers: lies }), headers: undefined }, { headers: undefined, address: '192.0.2.1', forwardedFor: '192.0.2.1', proto: 'http', host: 'gate.example', port: 80, origin: 'http://gate.example', asked: 'gate.example' })
  t.match(arrive({ trustedProxies: ['192.0.2.2'] }, { headers: lies }), { address: '192.0.2.1', proto: 'http', host: 'gate.example' }, 'another address is no proxy of ours')
  t.match(arrive({}, { peer: '127.0.0.1', headers: lies }), { address: '127.0.0.1', proto: 'http', host: 'gate.example' }, 'nor is loopback')
  t.match(arrive({ useXheaders: true }, { headers: lies }), { address: '192.0.2.1', proto: 'http' }, 'nor, with use-xheaders, somebody far away')
  t.match(arrive({}, { peer: '' }), { address: '', forwardedFor: '' }, 'over a unix socket there is no address')
})

t.test('trusted proxies are read from right to left, up to the first stranger', async t => {
  const trustedProxies = ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32']
  const chain = (forwarded: string, peer = '192.0.2.1') => {
    const { address, forwardedFor } = arrive({ trustedProxies }, { peer, headers: { 'x-forwarded-for': forwarded } })
    return [address, forwardedFor]
  }
  t.strictSame(chain('203.0.113.9'), ['203.0.113.9', '203.0.113.9, 192.0.2.1'])
  t.strictSame(chain('6.6.6.6, 203.0.113.9, 10.1.2.3'), ['203.0.113.9', '203.0.113.9, 10.1.2.3, 192.0.2.1'], 'what stands left of a stranger is hearsay')
  t.strictSame(chain('10.0.0.1, 10.0.0.2'), ['10.0.0.1', '10.0.0.1, 10.0.0.2, 192.0.2.1'], 'a client may be in a trusted network')
  t.strictSame(chain('2001:db8:1::5, 2001:db8::1', '2001:db8::2'), ['2001:db8:1::5', '2001:db8:1::5, 2001:db8::1, 2001:db8::2'])
  t.strictSame(chain('6.6.6.6, unknown, 10.0.0.2'), ['10.0.0.2', '10.0.0.2, 192.0.2.1'], 'what is no address ends it')
  t.strictSame(chain('6.6.6.6, 203.0.113.9:4711'), ['192.0.2.1', '192.0.2.1'])
  t.strictSame(chain(' , '), ['192.0.2.1', '192.0.2.1'])
})

t.test('an IPv4 address inside IPv6 is the IPv4 address', async t => {
  t.match(arrive({}, { peer: '::ffff:192.0.2.1' }), { address: '192.0.2.1' })
  t.match(arrive({ trustedProxies: ['192.0.2.1'] }, { peer: '::ffff:192.0.2.1', headers: { 'x-forwarded-for': '::ffff:203.0.113.9, ::ffff:192.0.2.1' } }), { address: '203.0.113.9', forwardedFor: '203.0.113.9, 192.0.2.1, 192.0.2.1' })
  t.match(arrive({ useXheaders: true }, { peer: '::ffff:127.0.0.1', headers: { 'x-forwarded-for': '203.0.113.9' } }), { address: '203.0.113.9' })
})

t.test('scheme and host are the nearest proxy’s, where they are ones', async t => {
  const told = (headers: Record<string, string>) => arrive({ trustedProxies: ['192.0.2.1'] }, { headers })
  t.match(told({ 'x-forwarded-proto': 'http, HTTPS', 'x-forwarded-host': 'evil.example, App.example:8443' }), { proto: 'https', host: 'App.example:8443', port: 8443, origin: 'https://app.example:8443' })
  t.match(told({ 'x-forwarded-proto': 'gopher', 'x-forwarded-host': 'a b' }), { proto: 'http', host: 'gate.example' })
  t.match(told({ 'x-forwarded-proto': 'wss' }), { proto: 'https', port: 443, origin: 'https://gate.example' }, 'as some proxies call it for a websocket')
  t.match(arrive({ trustedProxies: ['192.0.2.1'], tls: true }, { headers: { 'x-forwarded-proto': 'WS' } }), { proto: 'http', origin: 'http://gate.example' })
  for (const host of ['1.2.3.999', 'a:99999', 'a@b', 'a/b', '']) t.match(told({ 'x-forwarded-host': host }), { host: 'gate.example', origin: 'http://gate.example' }, host)
})

t.test('use-xheaders: one near proxy is believed about scheme and address, and a client cannot speak over it', async t => {
  const near = (headers: Record<string, string>, peer = '127.0.0.1') => arrive({ useXheaders: true }, { peer, headers })
  t.match(near({ 'x-real-ip': '203.0.113.9', 'x-scheme': 'https' }), { address: '203.0.113.9', forwardedFor: '203.0.113.9', proto: 'https', host: 'gate.example' })
  t.match(near({ 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '6.6.6.6, 203.0.113.9' }), { address: '203.0.113.9' })
  t.match(near({ 'x-real-ip': '6.6.6.6', 'x-forwarded-for': '203.0.113.9' }), { address: '203.0.113.9', forwardedFor: '203.0.113.9' }, 'the proxy sets only X-Forwarded-For: X-Real-IP is the client’s word')
  t.match(near({ 'x-forwarded-for': '6.6.6.6, 203.0.113.9' }), { address: '203.0.113.9' }, 'one hop, no more')
  t.match(near({ 'x-scheme': 'https', 'x-forwarded-proto': 'http' }), { proto: 'http' })
  t.match(near({ 'x-real-ip': 'localhost' }), { address: '127.0.0.1' })
  t.match(near({ 'x-real-ip': '6.6.6.6', 'x-forwarded-for': 'unknown' }), { address: '127.0.0.1' })
  t.match(near({ 'x-forwarded-host': 'evil.example' }), { host: 'gate.example' }, 'never about the host')
  for (const peer of ['10.1.2.3', '172.16.0.1', '192.168.1.1', '::1', 'fd00::1', 'fe80::1']) t.match(near({ 'x-real-ip': '203.0.113.9' }, peer), { address: '203.0.113.9' }, peer)
  t.match(near({ 'x-real-ip': '203.0.113.9' }, '172.32.0.1'), { address: '172.32.0.1' })
})

t.test('a public URL stands above what a request says', async t => {
  const options = { publicUrl: new URL('https://Public.example:8443/prefix'), trustedProxies: ['192.0.2.1'] }
  t.strictSame({ ...arrive(options, { headers: { ...lies, 'x-forwarded-for': '203.0.113.9' } }), headers: undefined }, {
    headers: undefined, address: '203.0.113.9', forwardedFor: '203.0.113.9, 192.0.2.1', proto: 'https', host: 'public.example:8443', port: 8443, origin: 'https://public.example:8443', asked: 'evil.example'
  })
})

t.test('the port is the host’s, or the scheme’s', async t => {
  const port = (host: string, tls = false) => arrive({ tls }, { headers: { host } }).port
  t.strictSame([port('a'), port('a', true), port('a:8080'), port('a:8080', true), port('[::1]'), port('[::1]:8080')], [80, 443, 8080, 8080, 80, 8080])
})

t.test('a host is one that a URL can have', async t => {
  for (const host of ['a', 'A.example', 'a_b.example', 'localhost:4180', '127.0.0.1:1', '[::1]', '[::1]:65535', 'a:0', 'a.example.']) {
    t.ok(isHost(host), host)
    t.ok(isHost(host), `${host} again`)
  }
  for (const host of ['', ' ', '1.2.3.999', '1.2.3.4.5', 'a:99999', 'a:65536', 'a:', ':80', 'a:b', '[::1', '[1.2.3.4]', '[:::1]', '[g::]', 'a@b', 'a/b', 'a b', 'a\\b', 'a%41', 'a,b', 'ä', '1.2.3.09', 'xn--a']) {
    t.notOk(isHost(host), host)
  }
})
