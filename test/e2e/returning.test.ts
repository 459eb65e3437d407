// Where people are sent, by every door that takes an address: to pages of this very site, and nowhere else.
import { createServer } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { safeReturn } from '../../src/access/return-to.ts'
import { redirectPayloads } from '../access/redirect-payloads.ts'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { freePort, startGate, type Running } from '../fixtures/gate.ts'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

const NAVIGATION = 'Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: same-origin\r\n'
const SCRIPT = 'Accept: */*\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n'
const FRAME = 'Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n'
/** Half a character has no encoding. */
const wellFormed = (text: string) => text.replace(/\p{Cs}/gu, '\ufffd')

/** Every nth, so that each way of making them is among them. */
const payloads = redirectPayloads.filter((_, index) => index % (isCi ? 6 : 100) === 0).map(wellFormed)

interface Door { readonly target: string, readonly headers?: string }

/** A text in a header or a target must not end it: what cannot be sent is left out. */
const sendable = (text: string) => Buffer.from(text, 'utf8').toString('latin1').replace(/[\r\n\0]/g, '')
const rd = (payload: string) => encodeURIComponent(payload)

/** The ways in which an address can be put before the gate without a session. */
const doors: Readonly<Record<string, (payload: string) => Door>> = {
  'rd of the sign-in page': payload => ({ target: `/oauth2/sign_in?rd=${rd(payload)}` }),
  'next of the sign-in page': payload => ({ target: `/oauth2/sign_in?next=${rd(payload)}` }),
  'rd of start': payload => ({ target: `/oauth2/start?rd=${rd(payload)}` }),
  'rd written as it is': payload => ({ target: `/oauth2/sign_in?rd=${sendable(payload).replace(/[ #&]/g, '')}` }),
  'rd twice': payload => ({ target: `/oauth2/sign_in?rd=/&rd=${rd(payload)}` }),
  'the login endpoint': payload => ({ target: `/login?next=${rd(payload)}` }),
  'the callback’s own path': payload => ({ target: `/back?rd=${rd(payload)}` }),
  'the sign-out': payload => ({ target: `/oauth2/sign_out?rd=${rd(payload)}&post_logout_redirect_uri=${rd(payload)}` }),
  'where a sign-out comes back to': payload => ({ target: `/oauth2/signed_out?state=${rd(payload)}&rd=${rd(payload)}` }),
  'the page that pauses': payload => ({ target: `/oauth2/pause?rd=${rd(payload)}` }),
  'the page that is asked for': payload => ({ target: `/${sendable(payload).replace(/ /g, '').replace(/^\//, '')}` }),
  'the page that a script asks for': payload => ({ target: `/${sendable(payload).replace(/ /g, '').replace(/^\//, '')}`, headers: SCRIPT }),
  'the page in a frame': payload => ({ target: `/${sendable(payload).replace(/ /g, '').replace(/^\//, '')}`, headers: FRAME }),
  'headers of proxies': payload => ({ target: '/oauth2/sign_in', headers: NAVIGATION + ['X-Auth-Request-Redirect', 'X-Forwarded-Uri', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X-Forwarded-Prefix', 'X-Forwarded-Path', 'Referer'].map(name => `${name}: ${sendable(payload).trim()}\r\n`).join('') }),
  'hosts of proxies': () => ({ target: '/page', headers: `${SCRIPT}X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example\r\nX-Host: evil.example\r\nX-Forwarded-Server: evil.example\r\n` })
}

async function speak (origin: string, { target, headers = NAVIGATION }: Door, more = ''): Promise<string> {
  const { host, port } = new URL(origin)
  return await new Promise(resolve => {
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk }).on('error', () => {}).on('close', () => resolve(answer))
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}${more}\r\n`, 'latin1')
  })
}

/** Every address in an answer that leads on: by itself, by a link, by a form, or for a script. */
function addressesIn (answer: string): readonly string[] {
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
  const headers = [...head.matchAll(/^(?:location|refresh|link|content-location): *(?:\d+; *url=)?(\S.*)$/gim)].flatMap(([, value = '']) => /^\d+$/.test(value.trim()) ? [] : [value.trim()])
  const links = [...body.matchAll(/\s(?:href|action|src|formaction)="([^"]*)"/g)].map(([, value = '']) => value.replaceAll('&amp;', '&').replaceAll('&#39;', '\''))
  const told = /"sign_in":"([^"]*)"/.exec(body)
  return [...headers, ...links, ...told === null ? [] : [told[1] as string]].filter(address => !address.startsWith('data:'))
}

function faultOf (answer: string, origin: string, provider: string): string | null {
  const [head = ''] = answer.split('\r\n\r\n', 1)
  const odd = head.split('\r\n').slice(1).find(line => !/^[!-9;-~]+: [ -~]*$/.test(line))
  if (odd !== undefined) return `has a header line that is none: ${JSON.stringify(odd)}`
  for (const address of addressesIn(answer)) {
    for (const scheme of ['http:', 'https:']) {
      const base = origin.replace(/^http:/, scheme)
      const { origin: found } = new URL(address, `${base}/oauth2/x`)
      const isOwnWhole = address.startsWith(`${origin}/`)
      if (found === provider || (isOwnWhole && found === origin)) continue
      if (found !== base || !/^\/(?![/\\])[!-~]*$/.test(address)) return `leads to ${JSON.stringify(address)}`
    }
  }
  return null
}

/** Where the emitted way back says that somebody ends. */
function endsIn (answer: string): readonly string[] {
  return addressesIn(answer).flatMap(address => new URL(address, 'http://x.example').searchParams.getAll('rd'))
}

async function knock (t: Test, { origin, provider }: Pick<Running, 'origin' | 'provider'>, name: string, door: Door, payload: string, more = ''): Promise<string> {
  const answer = await speak(origin, door, more)
  const fault = answer === '' ? 'is not answered' : faultOf(answer, origin, new URL(provider.issuer).origin)
  if (fault !== null) t.fail(`${name}: ${JSON.stringify(payload)} ${fault}`)
  return answer
}

t.test('open redirect: whatever address comes by whichever door, every link, form and redirect of ours stays here', async t => {
  const running = await startGate(t, { redirectPaths: ['/back'], settings: { loginEndpoint: '/login', callbackPath: '/back' } })
  let addresses = 0
  for (const [name, open] of Object.entries(doors)) {
    for (const payload of name.startsWith('hosts') ? [''] : payloads) {
      const answer = await knock(t, running, name, open(payload), payload)
      addresses += addressesIn(answer).length
      if (/^HTTP\/1\.1 5/.test(answer)) t.fail(`${name}: ${JSON.stringify(payload)} is answered with ${answer.slice(0, 12)}`)
      // What is handed on in a query is looked over again by whoever takes it: the sign-in page must make a safe address of each.
      for (const end of endsIn(answer).slice(0, 1)) await knock(t, running, `${name}, and on`, { target: `/oauth2/sign_in?rd=${rd(end)}` }, end)
    }
  }
  t.ok(addresses > payloads.length * 10, `${payloads.length} payloads by ${Object.keys(doors).length} doors: ${addresses} addresses`)
})

t.test('open redirect: behind a root path, and on pages that refuse or say that the app is down', async t => {
  const down = `http://127.0.0.1:${await freePort()}`
  const table: Readonly<Record<string, Parameters<typeof startGate>[1]>> = {
    'behind a root path': { settings: { rootPath: '/proxy' } },
    'with an app that is down': { app: { url: down, received: [] } },
    'with nothing for anybody': { settings: { rules: [{ path: '/', allow: { groups: ['nobody-at-all'] } }] } }
  }
  for (const [name, setup] of Object.entries(table)) {
    const running = await startGate(t, setup)
    const visitor = new Visitor()
    await visitor.signIn(`${running.origin}/oauth2/start`, 'cleo')
    const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
    let pages = 0
    for (const payload of payloads) {
      const target = `/${sendable(payload).replace(/ /g, '').replace(/^\//, '')}`
      for (const [door, more] of [[{ target }, `Cookie: ${cookie}\r\n`], [{ target }, ''], [{ target: `/oauth2/sign_in?rd=${rd(payload)}` }, '']] as const) {
        const answer = await knock(t, running, name, door, payload, more)
        if (addressesIn(answer).length > 0) pages++
      }
    }
    t.ok(pages > payloads.length, `${name}: ${pages} pages with addresses`)
  }
})

t.test('a whole sign-in ends here, whatever its address was', async t => {
  const { origin } = await startGate(t)
  for (const payload of payloads.filter((_, index) => index % (isCi ? 12 : 8) === 0)) {
    const { status, address } = await new Visitor().signIn(`${origin}/oauth2/start?rd=${rd(payload)}`, 'ada')
    if (status !== 200 || new URL(address).origin !== origin) t.fail(`${JSON.stringify(payload)} ends at ${address} with ${status}`)
  }
})

t.test('a real browser stays here too: as it reads what is emitted, as it follows redirects, and after it has signed in', onlyInCi('a browser'), async t => {
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const running = await startGate(t)
  const context = await browser.newContext()
  const page = await context.newPage()
  let location = '/'
  const here = await startServer(t, createServer((request, response) => {
    if (request.url === '/go') response.writeHead(302, { location }).end()
    else response.setHeader('content-type', 'text/html').end('<title>here</title>')
  }))
  await page.goto(here)
  const read = async (addresses: readonly string[]) => await page.evaluate<boolean[]>(`${JSON.stringify(addresses)}.map(address => {
    const link = document.createElement('a')
    link.href = address
    return link.protocol.startsWith('http') && link.origin === location.origin
  })`)
  const all = redirectPayloads.map(wellFormed)
  const emitted = [...new Set(all.map(payload => safeReturn(payload, here, () => false)))]
  t.strictSame((await read(emitted)).flatMap((isHere, index) => isHere ? [] : [emitted[index]]), [])
  const away = (await read(all)).filter(isHere => !isHere).length
  t.ok(away > all.length / 3 && emitted.length > 100, `of ${all.length} payloads ${away} would have led away; ${emitted.length} addresses were emitted instead`)
  for (location of emitted.filter((_, index) => index % 15 === 0)) {
    await page.goto(`${here}/go`)
    t.equal(new URL(page.url()).origin, here, location)
  }
  for (const payload of ['//evil.example', '/\\evil.example/', '/\t/evil.example', '/.//evil.example', 'javascript:alert(1)', 'https://127.0.0.1@evil.example/']) {
    await page.goto(`${running.origin}/oauth2/start?rd=${rd(payload)}`)
    await signInAs(page, { login: 'ada' })
    t.equal(new URL(page.url()).origin, running.origin, payload)
    await context.clearCookies()
  }
})
