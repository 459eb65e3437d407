// The part of image.test.ts that runs the image, started by it in a network of its own.
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parse } from 'yaml'
import { blocksOf, fileIn } from '../docs/markdown.ts'
import { startApp } from '../fixtures/gate.ts'
import { alice, redirectUri as origin, startOpenIdProvider } from '../fixtures/openid-provider.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { certificate, key } from '../oauth/certificate.ts'
import type { ImageConfig } from './build.ts'
import { startContainer, type Container, type Start } from './container.ts'

const image = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as { config: ImageConfig, root: string }
const health = image.config.Healthcheck.Test.slice(1)
const PAGE = 'docs/image.md'
const CLIENT_SECRET = 'a secret/with:odd+characters'

const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
t.teardown(() => { rmSync(folder, { recursive: true }) })

const provider = await startOpenIdProvider()
t.teardown(() => provider.close())

const sealing = await finished({ args: ['oauth-secret'] })

/** Panel's names alone, as a deployment of Panel has them. */
const withoutSecret = {
  PANEL_OAUTH_PROVIDER: 'generic', PANEL_OAUTH_KEY: 'confidential', PANEL_OAUTH_ENCRYPTION: sealing.output.trim(),
  PANEL_OAUTH_AUTHORIZE_URL: `${provider.issuer}/auth`, PANEL_OAUTH_TOKEN_URL: `${provider.issuer}/token`, PANEL_OAUTH_USER_URL: `${provider.issuer}/me`
}
const panel = { ...withoutSecret, PANEL_OAUTH_SECRET: CLIENT_SECRET }

t.test('the image signs a person in through Panel’s variables and the address of the app alone', async t => {
  const app = await startApp(t)
  const gate = startContainer(t, image, { env: { ...panel, OAUTH_GATE_UPSTREAM: app.url } })
  await untilReady(gate)
  const visitor = new Visitor()
  const shown = await visitor.follow(`${origin}/report?of=today`, { headers: { 'x-forwarded-user': 'mallory' } })
  t.match(shown, { status: 200, address: `${origin}/report?of=today` })
  t.match(JSON.parse(shown.body), { url: '/report?of=today', headers: { 'x-forwarded-user': alice.email, 'x-forwarded-groups': 'admins,staff' } })
  t.equal(provider.tokenCalls.length, 1)
  t.equal((await new Visitor().ask(origin)).status, 401)
  t.equal(app.received.length, 1, 'the app has seen nobody else')
  const [, session = ''] = visitor.cookies.get('127.0.0.1')?.entries().next().value ?? []
  t.ok(session, 'a session is kept')
  for (const secret of [CLIENT_SECRET, sealing.output.trim()]) t.notOk(gate.output().includes(secret), 'no secret is in the log')

  const status = readFileSync(`/proc/${gate.pid()}/status`, 'utf8')
  t.match(status, /^NSpid:\t\d+\t1$/m, 'node itself is process 1')
  t.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m)
  t.match(status, /^Gid:\t65532\t65532\t65532\t65532$/m)
  t.match(status, /^CapEff:\t0+$/m)
  t.match(gate.exec(['node', '-e', 'fs.writeFileSync("/tmp.txt", "")']), { code: 1, out: /EROFS/ })
})

t.test('the health check knows the gate by its environment, whatever port, path and certificate', async t => {
  const [certfile, keyfile] = ['cert.pem', 'key.pem'].map(name => join(folder, name)) as [string, string]
  writeFileSync(certfile, certificate)
  writeFileSync(keyfile, key)
  const other = {
    ...panel, OAUTH_GATE_UPSTREAM: 'http://127.0.0.1:9', OAUTH_GATE_PORT: '8443', OAUTH_GATE_READY_PATH: '/healthz', OAUTH_GATE_PROXY_PREFIX: '/gate',
    OAUTH_GATE_SSL_CERTFILE: '/run/cert.pem', OAUTH_GATE_SSL_KEYFILE: '/run/key.pem'
  }
  const files = { '/run/cert.pem': certfile, '/run/key.pem': keyfile }
  const gate = startContainer(t, image, { env: other, files })
  await untilReady(gate)
  t.strictSame(gate.exec(health), { code: 0, out: '' })
  t.match(await finished({ args: health.slice(1) }), { code: 1, output: /nothing listens at 127\.0\.0\.1:4180\/ready/ }, 'at the usual place is none')
  gate.signal('TERM')
  t.equal(await gate.ended, 0)
  t.match(await finished({ args: health.slice(1), env: other, files }), { code: 1, output: /not healthy: nothing listens/ }, 'a gate that is down is not healthy')
})

t.test('a request that never ends does not outlast docker stop', async t => {
  const app = await startApp(t, () => {})
  const gate = startContainer(t, image, { env: { ...panel, OAUTH_GATE_UPSTREAM: app.url } })
  await untilReady(gate)
  const waiting = new Visitor().follow(origin)
  while (app.received.length < 1) await sleep(20)
  const told = performance.now()
  gate.signal('TERM')
  t.match(await waiting, { status: 503, headers: { 'x-oauth-gate': 'GATE_STOPPING' } })
  t.equal(await gate.ended, 0)
  t.ok(performance.now() - told < 9500)
})

t.test('SIGTERM lets what is under way finish, ends what has no end, and exits with 0', async t => {
  const app = await startApp(t, (request, response) => {
    if (request.url === '/slow') setTimeout(() => { response.end('whole') }, 1000)
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n')
  })
  const gate = startContainer(t, image, { env: { ...panel, OAUTH_GATE_UPSTREAM: app.url } })
  await untilReady(gate)
  const visitor = new Visitor()
  const first = visitor.follow(`${origin}/slow`)
  while (app.received.length < 1) await sleep(20)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const stream = get(`${origin}/events`, { headers: { cookie } })
  const [answer] = await once(stream, 'response') as [IncomingMessage]
  t.equal(answer.statusCode, 200)
  const cut = new Promise(resolve => { answer.on('error', resolve).resume() })
  const told = performance.now()
  gate.signal('TERM')
  t.equal(await gate.ended, 0)
  t.ok(performance.now() - told < 9000, 'before docker stop loses patience')
  t.match(await cut, { code: 'ECONNRESET' }, 'what was cut does not look whole')
  t.match((await first).body, /whole/)
  await t.rejects(visitor.ask(origin), { code: 'ECONNREFUSED' }, 'and nobody listens any more')
})

t.test('a secret comes from a file; one that the user of the image may not read is named', async t => {
  const file = join(folder, 'client-secret')
  writeFileSync(file, `${CLIENT_SECRET}\n`, { mode: 0o400 })
  const env = { ...withoutSecret, OAUTH_GATE_UPSTREAM: 'http://127.0.0.1:9', OAUTH_GATE_OAUTH_SECRET_FILE: '/run/secrets/client' }
  const files = { '/run/secrets/client': file }
  const refused = await finished({ env, files })
  t.match(refused, { code: 1, output: /OAUTH_GATE_OAUTH_SECRET_FILE names a file that may not be read by this user/ })
  t.notOk(refused.output.includes(CLIENT_SECRET))
  chmodSync(file, 0o444)
  await untilReady(startContainer(t, image, { env, files }))
})

t.test('the commands of docs/image.md are what was done here', async t => {
  const [build, secret, run] = blocksOf(PAGE).filter(({ language }) => language === 'sh').map(({ text }) => text.replaceAll('\\\n', '').trim())
  t.equal(build, 'docker build -t oauth-gate .')
  t.match(await finished({ args: /^docker run --rm oauth-gate (\S+)$/.exec(secret ?? '')?.[1]?.split(' ') ?? [] }), { code: 0, output: /^[\w-]{43}=\n$/ })
  const [, flags = '', variables = ''] = /^docker run -d --name gate -p 4180:4180 (--read-only --cap-drop=ALL --security-opt=no-new-privileges) +((?:-e \S+ +)+)oauth-gate$/.exec(run ?? '') ?? []
  t.ok(flags, 'nothing less is taken from it than startContainer takes')
  const env = Object.fromEntries([...variables.matchAll(/-e (\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value === 'SESSION_KEY' ? sealing.output.trim() : value]))
  await untilReady(startContainer(t, image, { env }))
})

t.test('the compose file of docs/image.md is one that starts', async t => {
  const { services: { gate } } = parse(fileIn(PAGE, 'yaml', 'compose.yaml')) as { services: { gate: { environment: Record<string, string>, secrets: string[] } } }
  t.match(gate, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], ports: ['4180:4180'] })
  await untilReady(startContainer(t, image, { env: gate.environment, files: secretFiles(gate.secrets.map(name => `/run/secrets/${name}`)) }))
})

t.test('the deployment of docs/image.md starts, and answers its probes', async t => {
  const { spec: { template: { spec } } } = parse(fileIn(PAGE, 'yaml', 'deployment.yaml')) as { spec: { template: { spec: { containers: Pod[] } } } }
  const [pod] = spec.containers as [Pod]
  t.match(spec, { securityContext: { runAsNonRoot: true, fsGroup: Number(image.config.User.split(':')[1]) } })
  t.match(pod.securityContext, { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } })
  const env = { ...Object.fromEntries(pod.env.map(({ name, value }) => [name, value])), OAUTH_GATE_PORT: 'tcp://10.0.0.1:4180' }
  const gate = startContainer(t, image, { env, files: secretFiles(Object.values(env).filter(value => value.startsWith('/run/secrets/'))) })
  await untilReady(gate)
  for (const { httpGet: { path } } of [pod.readinessProbe, pod.livenessProbe]) {
    t.match(await new Visitor().ask(`http://127.0.0.1:${pod.ports[0]?.containerPort}${path}`), { status: 200, headers: { 'x-oauth-gate': /./ } }, path)
  }
  t.match(gate.output(), /ignored what Kubernetes sets for a service: OAUTH_GATE_PORT/)
})

t.test('what is wrong is said, and ends the container', async t => {
  t.match(await finished({}), { code: 1, output: /--upstream[^]*--oauth-provider/ }, 'nothing is set')
  t.match(await finished({ args: ['demo'] }), { code: 1, output: /^oauth-gate: The demo needs the package oidc-provider[^]*npx oauth-gate demo\.\n$/ })
  t.match(await finished({ args: ['serve', '--upstrem=x'] }), { code: 1, output: /Did you mean --upstream\?/ })
  t.match(await finished({ args: ['--version'] }), { code: 0, output: /^\d+\.\d+\.\d+\n$/ })
  t.match(sealing, { code: 0, output: /^[\w-]{43}=\n$/ })
})

interface Probe { readonly httpGet: { readonly path: string } }
interface Pod {
  readonly env: readonly { readonly name: string, readonly value: string }[]
  readonly ports: readonly { readonly containerPort: number }[]
  readonly securityContext: object
  readonly readinessProbe: Probe
  readonly livenessProbe: Probe
}

/** As Kubernetes mounts them with mode 0440 and an `fsGroup`. */
function secretFiles (paths: readonly string[]): Record<string, string> {
  const file = join(folder, 'secret')
  writeFileSync(file, sealing.output)
  chownSync(file, 0, Number(image.config.User.split(':')[1]))
  chmodSync(file, 0o440)
  return Object.fromEntries(paths.map(path => [path, file]))
}

async function finished (start: Start): Promise<{ code: number | null, output: string }> {
  const container = startContainer(t, image, start)
  return { code: await container.ended, output: container.output() }
}

/** As Docker does: asks again and again, within the container. */
async function untilReady (gate: Container): Promise<void> {
  let over = false
  void gate.ended.then(() => { over = true })
  for (let tries = 0; tries < 40 && !over; tries++) {
    if (gate.exec(health).code === 0) return
    await sleep(200)
  }
  throw new Error(`the gate does not get ready:\n${gate.output()}`)
}
