import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { startProvider } from '../../src/demo/provider.ts'
import { CLIENT, COOKIE_SECRET, freePort } from '../fixtures/gate.ts'
import { isCi, skipped } from '../fixtures/lacking.ts'
import { nodeOf } from '../fixtures/other-node.ts'
import { people } from '../fixtures/people.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { installed, runner, temporary, type Installed } from './install.ts'

const BIN = 'node_modules/oauth-gate/bin/oauth-gate.js'
/** What npm has of each version that is supported beside the one that runs this. */
const OTHERS = ['22', '24']

/** The example, with the websockets of @fastify/websocket beside it. */
const WEBSOCKETS = `
import websocket from '@fastify/websocket'
await app.register(websocket)
app.register(async scope => {
  scope.get('/ws', { websocket: true }, (socket, request) => { socket.send('hello ' + request.identity.user) })
})
await app.listen(`

async function tryAll (t: Test, { folder, run, use, start }: Pick<Installed, 'folder' | 'run' | 'use' | 'start'>): Promise<void> {
  t.equal(run(BIN, '--version').stdout.trim(), (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version)
  const api = use(`
    import { createGate, defineProvider, loadConfig, ConfigError } from 'oauth-gate'
    const { config } = loadConfig({ env: {}, settings: { upstream: ['http://127.0.0.1:9'], port: 0, oauthProvider: 'oidc', oauthIssuer: 'https://id.example', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'c'.repeat(32), logLevel: 'silent' } })
    const gate = await createGate(config)
    const origin = await gate.listen({ host: '127.0.0.1', port: 0 })
    console.log((await fetch(origin)).headers.get('x-oauth-gate'), defineProvider({ name: 'a', label: 'A', scopes: [], identity: () => ({ subject: 's' }) }).flow)
    await gate.close()
    try { loadConfig({ env: {} }) } catch (error) { console.log(error instanceof ConfigError) }
  `)
  t.strictSame(api.stdout.trim().split('\n'), ['GATE_LOGIN_REQUIRED code', 'true'], api.stderr)
  t.equal(api.stderr, '', 'without a warning')

  const demo = await start(/Open {2}http:\/\/127\.0\.0\.1:\d+/, BIN, 'demo', '--port=0')
  t.match(await new Visitor().signIn(/http:\/\/127\.0\.0\.1:\d+\//.exec(demo.said)?.[0] ?? '', 'ada'), { status: 200, body: /ada@example\.com/ }, 'through the gate')

  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const provider = await startProvider({ address: 'localhost', people, remembers: false, clients: [{ ...CLIENT, redirectUris: [`${origin}/oauth2/callback`] }] })
  t.teardown(() => provider.close())
  writeFileSync(join(folder, 'server.mjs'), readFileSync('examples/embed/server.mjs', 'utf8').replace('await app.listen(', () => WEBSOCKETS))
  const env = { PORT: String(port), OAUTH_GATE_OAUTH_ISSUER: provider.issuer, OAUTH_GATE_OAUTH_KEY: CLIENT.id, OAUTH_GATE_OAUTH_SECRET: CLIENT.secret, OAUTH_GATE_COOKIE_SECRET: COOKIE_SECRET }
  writeFileSync(join(folder, 'start.mjs'), `Object.assign(process.env, ${JSON.stringify(env)})\nawait import('./server.mjs')\n`)
  await start(/Server listening/, 'start.mjs')
  const visitor = new Visitor()
  t.match(await visitor.ask(`${origin}/public`), { status: 200, body: 'Hello whoever you are\n' })
  t.equal(await open(origin, {}), '401')
  t.match(await visitor.signIn(`${origin}/`, 'ben'), { status: 200, body: 'Hello Ben Editor\n' }, 'inside an app')
  t.equal((await visitor.ask(`${origin}/admin`)).status, 403)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  t.equal(await open(origin, { cookie, origin: 'https://evil.example' }), '403')
  t.equal(await open(origin, { cookie, origin }), 'hello ben@example.com', 'a websocket of @fastify/websocket')
}

/** @returns what the app says first, or the status of its refusal */
async function open (origin: string, headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers }).on('error', () => {})
  const said = await Promise.race([once(socket, 'message'), once(socket, 'unexpected-response').then(([, response]) => [(response as IncomingMessage).statusCode])])
  socket.terminate()
  return String(said[0])
}

if (!isCi) {
  skipped(t, `npm fetches Node ${OTHERS.join(' and ')}: run with CI=true`)
} else {
  const home = installed(t, { beside: ['fastify', '@fastify/websocket'] })
  for (const version of ['', ...OTHERS]) {
    t.test(`the package works on ${version === '' ? 'the Node that runs the tests' : `Node ${version}`}: API, a sign-in through it, a sign-in inside an app`, async t => {
      if (home === null) return
      const folder = temporary(t)
      cpSync(home.folder, folder, { recursive: true, verbatimSymlinks: true })
      const node = version === '' ? process.execPath : nodeOf(t, version)
      t.match(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout, version === '' ? process.version : new RegExp(`^v${version}\\.`))
      await tryAll(t, { folder: resolve(folder), ...runner(t, folder, node) })
    })
  }
}
