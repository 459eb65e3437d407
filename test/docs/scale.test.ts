// docs/scale.md, really run: the Redis with the page's own settings and user, two gates, nginx before them; and what Kubernetes would start.
import { spawnSync } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { GRACE } from '../../src/cli/stop.ts'
import { redisAddress } from '../../src/config/kinds/store.ts'
import { outside } from '../../src/outside.ts'
import { createRedisStore } from '../../src/session/store/redis.ts'
import * as certificates from '../fixtures/certificates.ts'
import { freePort, startApp } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { cli, startRedis } from '../fixtures/redis.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { behavesAsStore } from '../session/store/suite.ts'
import { blocksOf, fileIn } from './markdown.ts'
import { has, keepRunning, listens, startStage, type Kept, type Stage } from './stage.ts'

const PAGE = 'docs/scale.md'
const RECIPE = 'docs/recipes/nginx.md'
/** Milliseconds after which nginx, as the page has it, asks a gate again that was not there. */
const FORGIVEN = 1000 * Number(/fail_timeout=(\d+)s/.exec(block('nginx', '# instead of'))?.[1]) + 1000
const pass = async (milliseconds: number) => { await sleep(milliseconds) }

/** The blocks of one language, by a piece of their first line. */
function block (language: string, begin: string): string {
  const found = blocksOf(PAGE).filter(block => block.language === language && block.text.startsWith(begin))
  if (found.length !== 1) throw new Error(`${PAGE} has ${found.length} blocks that begin with ${begin}`)
  return found[0]?.text ?? ''
}

const user = /^user gate (.*)$/m.exec(fileIn(PAGE, 'ini', '/etc/redis/redis.conf'))?.[1] ?? ''

interface Site { readonly stage: Stage, readonly redis: number, fill (text: string): string }

async function startSite (t: Test): Promise<Site> {
  const stage = await startStage(t)
  const [redis, other] = [await freePort(), await freePort()]
  return { stage, redis, fill: text => stage.fill(text, [['4181', String(other)], ['10.0.0.5', '127.0.0.1'], ['6379', String(redis)], ['/etc/redis/', `${stage.folder}/`]]) }
}

/** As the page has it, with one more user who looks. */
async function startRedisOfPage (t: Test, { stage, redis, fill }: Site, tls: boolean): Promise<(...args: string[]) => Promise<string>> {
  const plain = fileIn(PAGE, 'ini', '/etc/redis/redis.conf')
  const file = join(stage.folder, 'redis.conf')
  writeFileSync(file, fill(tls ? plain.replace('port 6379\n', block('ini', '# /etc/redis/redis.conf, in place')) : plain))
  appendFileSync(file, `\ndir ${stage.folder}\nuser looker on nopass ~* &* +@all\n`)
  for (const [name, pem] of [['redis.crt', certificates.server], ['redis.key', certificates.serverKey], ['redis-ca.pem', certificates.authority]] as const) writeFileSync(join(stage.folder, name), pem)
  await keepRunning(t, 'redis-server', [file], { env: stage.env, ready: () => listens(redis) })
  return (...args) => cli(['-p', String(redis), ...tls ? ['--tls', '--cacert', join(stage.folder, 'redis-ca.pem')] : [], '--user', 'looker', '--pass', 'x', ...args])
}

async function startNginx (t: Test, { stage: { folder, env, ports }, fill }: Site): Promise<void> {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ')
  const server = fileIn(RECIPE, 'nginx', '/etc/nginx/conf.d/app.conf').replace(/^upstream .*?^\}\n/ms, block('nginx', '# instead of'))
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, `${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; error_log stderr; daemon off; worker_processes 1; events {} http { access_log off; ${paths}\n${fill(server)}}`)
  await keepRunning(t, 'nginx', ['-c', file], { env, ready: () => listens(ports.tls) })
}

/** By the page's own commands, one at each port. */
function startGates (t: Test, { stage, fill }: Site): { readonly start: (index: number) => Promise<Kept> } {
  const commands = blocksOf(PAGE).filter(({ language, text }) => language === 'sh' && text.startsWith('oauth-gate serve')).map(({ text }) => fill(text).trim())
  t.equal(commands.length, 2)
  const env = Object.fromEntries(Object.entries(stage.env).filter(([name]) => name !== 'OAUTH_GATE_PORT'))
  return { start: index => keepRunning(t, 'sh', ['-c', `exec ${commands[index] ?? ''} --log-format=json`], { env, ready: said => said.includes('  Who may enter') }) }
}

for (const tls of [false, true]) {
  t.test(`two gates, nginx and a Redis ${tls ? 'by TLS ' : ''}as ${PAGE} has them`, tls ? onlyInCi('the same once more by TLS') : {}, async t => {
    t.setTimeout(120_000)
    if (!has(t, 'nginx', 'nginx-light') || !has(t, 'redis-server', 'redis-server') || !has(t, 'openssl', 'openssl')) return
    const site = await startSite(t)
    const { stage, fill } = site
    const ask = await startRedisOfPage(t, site, tls)
    const app = await startApp(t, undefined)
    writeFileSync(join(stage.folder, 'gate.yaml'), fill(`${fileIn(PAGE, 'yaml', '/etc/oauth-gate/gate.yaml')}${tls ? block('yaml', '# and in') : ''}`).replace(`http://127.0.0.1:${stage.ports.app}`, app.url))
    const echo = block('sh', 'echo ').replace('redis://', tls ? 'rediss://' : 'redis://')
    t.equal(spawnSync('sh', ['-eu', '-c', fill(echo)], { env: stage.env }).status, 0)
    const checked = spawnSync('oauth-gate', ['check', `--config=${join(stage.folder, 'gate.yaml')}`], { env: stage.env, encoding: 'utf8' })
    t.equal(checked.status, 0, checked.stdout + checked.stderr)
    const { start } = startGates(t, site)
    const gates = [await start(0), await start(1)] as [Kept, Kept]
    await startNginx(t, site)
    const visitor = new Visitor({ ca: stage.certificate })
    const origin = stage.publicOrigin
    t.match(await visitor.signIn(`${origin}/`, 'ada'), { status: 200, address: `${origin}/` })

    await t.test('either gate serves a person', async t => {
      for (let count = 0; count < 20; count++) t.equal((await visitor.navigate(`${origin}/page`)).status, 200)
      for (const { said } of gates) t.match(said(), /"user":"ada@example.com"/)
    })

    await t.test('one gate after the other is stopped and started, and no page is lost', async t => {
      const statuses: (number | string)[] = []
      let running = true
      const trickle = [1, 2].map(async () => {
        while (running) {
          statuses.push(await visitor.ask(`${origin}/page`).then(({ status }) => status, (error: Error) => error.message))
          await sleep(20)
        }
      })
      for (const index of [0, 1] as const) {
        await sleep(500)
        await gates[index].stop('SIGTERM')
        await sleep(500)
        gates[index] = await start(index)
        await sleep(FORGIVEN)
      }
      running = false
      await Promise.all(trickle)
      t.ok(statuses.length > 40)
      t.strictSame(statuses.filter(status => status !== 200), [])
    })

    await t.test('who signs out has signed out at both', async t => {
      const copy = new Visitor({ ca: stage.certificate })
      for (const [host, jar] of visitor.cookies) copy.cookies.set(host, new Map(jar))
      t.ok((await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })).status < 400)
      const before = app.received.length
      for (let count = 0; count < 10; count++) t.equal((await copy.ask(`${origin}/page`)).status, 401)
      t.equal(app.received.length, before)
    })

    t.equal(await ask('ACL', 'LOG'), '', 'and in all that the user of the Redis was refused nothing')
    t.equal((await ask('CONFIG', 'GET', 'maxmemory-policy')).split('\n')[1], 'noeviction')
  })
}

t.test(`the user of ${PAGE} may do what the gate does with a Redis, and nothing more`, async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  await redis.cli('ACL', 'SETUSER', 'gate', ...user.split(' '))
  const open = async () => {
    const store = await createRedisStore({ address: redisAddress.parse(redis.url.replace('//', '//gate:REDIS_PASSWORD@')), outside })
    t.teardown(() => store.close())
    return store
  }
  await redis.cli('CONFIG', 'RESETSTAT')
  await behavesAsStore(t, { stores: [await open(), await open()], pass, now: () => outside.now() })
  t.equal(await redis.cli('ACL', 'LOG'), '')
  const used = [...(await redis.cli('INFO', 'commandstats')).matchAll(/^cmdstat_([^:]+):calls=/gm)].map(([, name = '']) => name).filter(name => !/^(?:auth|hello|acl\|.*|config\|.*|acl|config)$/.test(name))
  t.strictSame([...user.matchAll(/\+(\S+)/g)].map(([, name]) => name).sort(), used.sort())
  const as = (...args: string[]) => cli(['-p', String(redis.port), '--user', 'gate', '--pass', 'REDIS_PASSWORD', ...args])
  for (const forbidden of [['KEYS', '*'], ['FLUSHALL'], ['GET', 'theirs'], ['CONFIG', 'GET', '*'], ['SUBSCRIBE', 'theirs'], ['EVAL', 'return redis.call("GET", "theirs")', '0']]) t.match(await as(...forbidden), /NOPERM|permission|can't access/, forbidden.join(' '))
})

interface Pod {
  readonly env: readonly { readonly name: string, readonly value: string }[]
  readonly readinessProbe: { readonly httpGet: { readonly path: string } }
  readonly livenessProbe: { readonly httpGet: { readonly path: string } }
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
}

for (const tls of [false, true]) {
  t.test(`what ${PAGE} gives Kubernetes starts${tls ? ', by TLS with its line for that' : ''}, answers its probes, and ends in the time it has`, async t => {
    const site = await startSite(t)
    const { stage, fill } = site
    const [deployment, service, budget] = parseAllDocuments(fileIn(PAGE, 'yaml', 'deployment.yaml').replace(tls ? '# - {' : '', tls ? '- {' : '')).map(document => document.toJS() as Record<string, unknown>)
    const { spec: { template: { metadata: { labels }, spec } } } = deployment as { spec: { template: { metadata: { labels: Record<string, string> }, spec: { terminationGracePeriodSeconds: number, containers: [Pod] } } } }
    const [pod] = spec.containers
    t.strictSame((service as { spec: { selector: object } }).spec.selector, labels)
    t.strictSame((budget as { spec: { selector: { matchLabels: object } } }).spec.selector.matchLabels, labels)
    t.ok(spec.terminationGracePeriodSeconds * 1000 > pod.lifecycle.preStop.sleep.seconds * 1000 + GRACE + 1000, 'what is under way has its time')
    t.notMatch(pod.livenessProbe.httpGet.path, 'ready', 'no gate is killed because a Redis is away')
    const at = (name: string) => join(stage.folder, name)
    for (const [name, pem] of [['redis.crt', certificates.server], ['redis.key', certificates.serverKey], ['redis-ca.pem', certificates.authority]] as const) writeFileSync(at(name), pem)
    if (!await startRedis(t, tls ? ['--tls-port', String(site.redis), '--tls-auth-clients', 'no', '--tls-cert-file', at('redis.crt'), '--tls-key-file', at('redis.key'), '--tls-ca-cert-file', at('redis-ca.pem')] : [], site.redis)) return
    writeFileSync(at('session-store'), `${tls ? 'rediss' : 'redis'}://127.0.0.1:${site.redis}\n`)
    const env = Object.fromEntries(pod.env.map(({ name, value }) => [name, fill(value).replace('/run/secrets/oauth-gate/', `${stage.folder}/`).replace('http://app:', 'http://127.0.0.1:')]))
    const gate = await keepRunning(t, 'oauth-gate', ['serve'], { env: { ...stage.env, ...env }, ready: said => said.includes('  Who may enter') })
    t.match(gate.said(), `are in Redis at 127.0.0.1:${site.redis}`)
    for (const { httpGet: { path } } of [pod.readinessProbe, pod.livenessProbe]) t.match(await new Visitor().ask(`http://127.0.0.1:${stage.ports.gate}${path}`), { status: 200, headers: { 'x-oauth-gate': 'GATE_OK' } })
  })
}
