// The property of test/access/every-rule.test.ts on live gates: bytes on a socket, real sessions, and apps that say what reached them.
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { everyone, ROLES, type Who } from '../access/decisions.ts'
import { anyAsked, anyGate } from '../access/gate-arbitrary.ts'
import { faultOf, settingsOf, type Plain } from '../access/naive-rules.ts'
import { spellingOf } from '../access/spelling-arbitrary.ts'
import { startApp, startGate, type Received, type Running, type TestApp } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { fc, seed } from '../fixtures/random.ts'

const [GATES, REQUESTS] = isCi ? [14, 250] : [1, 80]

/** With something of each kind, so that whatever chance brings, some requests pass. */
const mixed: Plain = {
  rules: [{ path: '/admin', allow: 'groups' }, { path: '/a/b', allow: 'roles', methods: ['GET', 'POST'] }, { path: '/b', allow: 'emails' }, { path: '/my app', allow: 'condition' }, { path: '/a', allow: 'optional' }, { path: '/größe', allow: 'several' }, { path: '/', allow: 'signed-in' }],
  guests: ['/app', '/public/*'], skips: [{ method: 'GET', negated: false, expression: '/health(z|/ready)?' }], optional: false, upstreams: new Map([['/', '/base'], ['/a', ''], ['/größe', '/base/deep']])
}

interface Sent { readonly method: string, readonly target: string, readonly host: string, readonly who: Who }

/** A space at the end of a target belongs to the request line. */
const bare = <T extends { readonly target: string }>(sent: T): T => ({ ...sent, target: sent.target.trimEnd() })

/** One request as bytes; the answer's status, or 0 where there was none. */
async function send (origin: string, { method, target, host }: Sent, more: string): Promise<number> {
  return await new Promise(resolve => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk }).on('error', () => {})
      .on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)))
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${more.includes('Upgrade') ? more : `${more}Connection: close\r\n`}${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`, 'latin1')
  })
}

/** An upgrade takes the same way. */
const websocket = (host: string) => `Origin: http://${host.toLowerCase()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`

async function cookiesOf ({ origin }: Running, host: string, address = `${origin}/oauth2/start`): Promise<ReadonlyMap<Who, string>> {
  const found = new Map<Who, string>()
  for (const who of everyone) {
    const visitor = new Visitor()
    if (who !== 'stranger') await visitor.signIn(address, who)
    found.set(who, [...visitor.cookies.get(host)?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; '))
  }
  return found
}

/** What is wrong with what reached the apps because of one request. */
function wrong (gate: Plain, sent: Sent, arrived: readonly (readonly [upstream: number, request: Received])[]): string | null {
  const [first, ...more] = arrived
  if (first === undefined) return null
  const [upstream, { method, url, headers }] = first
  const base = [...gate.upstreams.values()][upstream] ?? ''
  if (more.length > 0 || method !== sent.method || url !== base + sent.target) return `${sent.method} ${JSON.stringify(sent.target)} reached the app as ${method} ${JSON.stringify(url)}, ${more.length + 1} times`
  const told = headers['x-forwarded-user']
  if (told !== undefined && told !== `${sent.who}@example.com`) return `${JSON.stringify(sent.target)} by ${sent.who} was told as ${String(told)}`
  return faultOf(gate, sent, upstream).fault
}

async function startAny (t: Test, gate: Plain, apps: readonly TestApp[]): Promise<Running | null> {
  const settings = settingsOf(gate, apps.map(({ url }) => url))
  // People have to be able to sign in at the gate's own address too.
  const rules = settings.rules?.some(({ host }) => host !== undefined) === true ? [...settings.rules, { host: '127.0.0.1', allow: 'signed-in' }] as const : settings.rules
  try {
    return await startGate(t, { settings: { ...settings, ...rules !== undefined && { rules }, roleAttributePath: ROLES } })
  } catch (error) {
    if (error instanceof ConfigError) return null // something would never be asked
    throw error
  }
}

t.test('whatever is sent to a live gate, an app receives only what none of its readings forbids, byte for byte, and who asks', async t => {
  const apps = [await startApp(t), await startApp(t), await startApp(t)]
  const gates = [mixed, ...fc.sample(anyGate, { numRuns: GATES * 3, seed })]
  const asked = fc.sample(anyAsked, { numRuns: GATES * REQUESTS, seed }).map(bare)
  const seen = { gates: 0, reached: 0, refused: 0 }
  for (const gate of gates) {
    const running = seen.gates < GATES ? await startAny(t, gate, apps) : null
    if (running === null) continue
    const cookies = await cookiesOf(running, '127.0.0.1')
    for (const sent of asked.slice(seen.gates * REQUESTS, (seen.gates + 1) * REQUESTS)) {
      for (const app of apps) app.received.length = 0
      const cookie = cookies.get(sent.who) ?? ''
      const status = await send(running.origin, sent, `${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}${sent.method === 'GET' && sent.target.length % 2 === 0 ? websocket(sent.host) : ''}`)
      const arrived = apps.flatMap(({ received }, upstream) => received.map(request => [upstream, request] as const))
      if (arrived.length > 0) seen.reached++
      else seen.refused++
      const fault = wrong(gate, sent, arrived) ?? (status === 0 || status >= 500 ? `${JSON.stringify(sent.target)} is answered with ${status}` : null)
      if (fault !== null) t.fail(`${fault} (seed ${seed}, ${JSON.stringify({ ...gate, upstreams: [...gate.upstreams] })})`)
    }
    seen.gates++
    await running.gate.close()
  }
  t.ok(seen.gates === GATES && seen.reached > REQUESTS / 10 && seen.refused > REQUESTS / 10, `${seen.gates} gates, ${seen.reached} requests reached an app, ${seen.refused} did not`)
})

t.test('no spelling of an endpoint of ours reaches the app past its rules, and no spelling of an app’s page is taken for ours', async t => {
  const gate: Plain = { rules: [{ path: '/apps/x/admin', allow: 'groups' }, { path: '/apps/x/public', allow: 'public' }, { path: '/', allow: 'signed-in' }], guests: [], skips: [], optional: false, upstreams: new Map([['/', '/base']]) }
  const app = await startApp(t)
  const running = await startGate(t, { app, redirectPaths: ['/apps/x/back'], settings: { ...settingsOf(gate, [app.url]), prefix: '/apps/x', loginEndpoint: '/login', logoutEndpoint: '/logout', callbackPath: '/back' } })
  const cookies = await cookiesOf(running, '127.0.0.1', `${running.origin}/apps/x/oauth2/start`)
  const isOurs = (path: string) => path === '/apps/x/oauth2' || path.startsWith('/apps/x/oauth2/') || ['/apps/x/login', '/apps/x/back', '/apps/x/back/', '/apps/x/logout', '/ping', '/ready'].includes(path)
  const own = ['/apps/x/oauth2/userinfo', '/apps/x/oauth2/sign_in', '/apps/x/oauth2', '/apps/x/login', '/apps/x/back?code=1', '/apps/x/oauth2/callback', '/apps/x/public/../oauth2/start', '/apps/x/oauth2/../admin', '/apps/x/oauth2/..%2fpublic/x', '/apps/x/public', '/ping', '/apps/x/oauth2/with/x/../../../admin']
  const targets = fc.sample(fc.record({ target: spellingOf(own, 2), who: fc.constantFrom('stranger', 'cleo', 'ada') }), { numRuns: REQUESTS * 3, seed }).map(bare)
  const seen = { ours: 0, reached: 0 }
  for (const { target, who } of targets) {
    app.received.length = 0
    const sent: Sent = { method: 'GET', target, host: new URL(running.origin).host, who }
    const status = await send(running.origin, sent, `Cookie: ${cookies.get(who) ?? ''}\r\n`)
    const [path = ''] = target.split(/[?#]/, 1)
    const fault = wrong(gate, sent, app.received.map(request => [0, request] as const))
    if (fault !== null) t.fail(`${fault} (seed ${seed})`)
    if (app.received.length > 0) seen.reached++
    if (!isOurs(path)) continue
    seen.ours++
    if (app.received.length > 0 || status >= 500) t.fail(`${JSON.stringify(target)} is ours, and was answered with ${status}${app.received.length > 0 ? ' by the app' : ''} (seed ${seed})`)
  }
  t.ok(seen.ours > REQUESTS / 4 && seen.reached > REQUESTS / 4, `${seen.ours} were ours, ${seen.reached} reached the app`)
})
