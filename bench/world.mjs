// A provider, an app, a Redis, and gates before them as `oauth-gate serve` starts them, each in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { startProvider } from '../build/src/demo/provider.js'
import { CLIENT, COOKIE_SECRET, freePort } from '../build/test/fixtures/gate.js'
import { everybody } from '../build/test/fixtures/people.js'
import { startRedis } from '../build/test/fixtures/redis.js'
import { Visitor } from '../build/test/fixtures/visitor.js'
import { cpuOf, residentOf, tree } from './speed/machine.mjs'
export { median } from './speed/summary.mjs'

const main = new URL('../build/src/cli/main.js', import.meta.url).href
const launch = `import { main } from ${JSON.stringify(main)}\nprocess.exitCode = await main(process.argv.slice(2))\n`
const tellsMemory = fileURLToPath(new URL('tells-memory.mjs', import.meta.url))

export async function startWorld () {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-bench-'))
  const launcher = join(folder, 'oauth-gate.mjs')
  writeFileSync(launcher, launch)
  const closers = [() => rmSync(folder, { recursive: true, force: true })]
  const t = { teardown: close => closers.unshift(close), skip: why => { throw new Error(why) }, comment: console.error }
  const app = createServer((_request, response) => response.end('the app'))
  const sockets = new WebSocketServer({ server: app })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  closers.unshift(() => {
    for (const client of sockets.clients) client.terminate()
    app.close().closeAllConnections()
  })
  const world = {
    folder, t,
    redis: options => startRedis(t, options),
    /** @param more options of the provider, by which it is another */
    async provider (more = {}) {
      const provider = await startProvider({ address: 'localhost', people: everybody, remembers: false, clients: [{ ...CLIENT, redirectUris: [] }], ...more })
      closers.unshift(() => provider.close())
      return provider
    },
    /** Some gates of one site. */
    async gates (provider, settings, { count = 1, ...more } = {}) {
      const ports = []
      for (let index = 0; index < count; index++) ports.push(await freePort())
      provider.setRedirectUris(CLIENT.id, ports.map(port => `http://127.0.0.1:${port}`))
      const base = { upstream: `http://127.0.0.1:${app.address().port}`, workers: more.workers ?? 1, oauth_provider: 'oidc', oauth_issuer: provider.issuer, oauth_key: CLIENT.id, oauth_secret: CLIENT.secret, cookie_secret: COOKIE_SECRET, cookie_name: 'site', log_format: 'json' }
      return await Promise.all(ports.map(port => startGate({ ...base, ...settings, port }, more)))
    },
    async close () { for (const close of closers) await close() }
  }

  /** @param entry the program @param heard gets what it says once it serves */
  async function startGate (settings, { entry = launcher, heard }) {
    const file = join(folder, `${settings.port}.json`)
    writeFileSync(file, JSON.stringify(settings))
    const child = spawn(process.execPath, ['--expose-gc', `--import=${tellsMemory}`, entry, 'serve', `--config=${file}`], { env: { PATH: process.env.PATH, BENCH_FOLDER: folder }, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const stop = async () => {
      child.kill('SIGKILL')
      await ended
    }
    closers.unshift(stop)
    let said = ''
    const hear = chunk => { said += chunk }
    child.stdout.on('data', hear)
    while (!said.includes('Sign-in lasts')) await Promise.race([sleep(20), ended.then(() => { throw new Error(said) })])
    child.stdout.off('data', hear)
    if (heard === undefined) child.stdout.resume()
    else child.stdout.on('data', heard)
    const pids = () => tree(child.pid)
    return {
      origin: `http://127.0.0.1:${settings.port}`, stop, pids, ended,
      signal: name => child.kill(name),
      /** The same settings but for these, in its file. */
      change: more => writeFileSync(file, JSON.stringify({ ...settings, ...more })),
      /** Milliseconds of processor time that all its processes have taken. */
      cpu: () => cpuOf([child.pid]),
      /** Bytes that all its processes have of the system, what they share counted once for each. */
      resident: () => residentOf([child.pid]),
      /** Bytes, of a gate of one process, after it has cleared up. */
      memory: (pid = child.pid) => memoryOf(pid)
    }
  }

  async function memoryOf (pid) {
    const file = join(folder, `${pid}.json`)
    rmSync(file, { force: true })
    process.kill(pid, 'SIGIO')
    for (;;) {
      await sleep(50)
      if (!existsSync(file)) continue
      const text = readFileSync(file, 'utf8')
      if (text.endsWith('}')) return JSON.parse(text)
    }
  }
  return world
}

export async function signIn (gate, login = 'ada') {
  const visitor = new Visitor()
  const { status } = await visitor.signIn(`${gate.origin}/`, login)
  if (status !== 200) throw new Error(`a sign-in ended with ${status}`)
  return visitor
}

export function signOut (visitor, { origin }) {
  return visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })
}

/** As Markdown, for docs/scale.md. */
export function table (title, head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`
  console.log(`\n${title}\n\n${[line(head), line(head.map((_cell, index) => index === 0 ? '---' : '--:')), ...rows.map(line)].join('\n')}`)
}
