// Where a case is measured: a folder, a provider, and processes that end with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProvider } from '../../build/src/demo/provider.js'
import { CLIENT, freePort } from '../../build/test/fixtures/gate.js'
import { everybody } from '../../build/test/fixtures/people.js'
import { cookiesOf, Visitor } from '../../build/test/fixtures/visitor.js'
import { LOAD_CORE, PROXY_CORE, pinned } from './machine.mjs'

/** Everybody signs in as the same person. */
export const PERSON = 'ada'
const PATIENCE = 15_000 // milliseconds

/** What runs and what is on disk, for whoever stops a run in the middle. */
const children = new Set()
const folders = new Set()
process.once('exit', () => {
  for (const child of children) child.kill('SIGTERM')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

export async function openLab ({ settings, say }) {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-bench-'))
  chmodSync(folder, 0o755) // nginx and Apache, started by root, read it as somebody else
  folders.add(folder)
  const closers = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })]
  const provider = await startProvider({ address: 'localhost', people: everybody, remembers: false, clients: [{ ...CLIENT, redirectUris: [] }] })
  closers.unshift(() => provider.close())
  const redirectUris = []
  return {
    folder, provider, settings, say, freePort,
    client: CLIENT,
    /** Has something done at the end, the last first. */
    atEnd (close) { closers.unshift(close) },
    /** @returns a folder of its own for one of those compared */
    folderOf (name) {
      const own = join(folder, name)
      mkdirSync(own, { recursive: true })
      return own
    },
    allowRedirect (uri) {
      redirectUris.push(uri)
      provider.setRedirectUris(CLIENT.id, redirectUris)
    },
    /**
     * Starts a program and waits until its port answers. What it writes goes to a file, of its own folder.
     *
     * @param core the proxies' unless given
     * @returns its pid, the file, and `stop`
     */
    async start (name, [command, ...args], { port, core = PROXY_CORE, env = {}, cwd }) {
      const log = join(this.folderOf(name), 'output.log')
      const output = openSync(log, 'a')
      const [program, ...rest] = pinned(core, command, ...args)
      const child = spawn(program, rest, { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', output, output] })
      closeSync(output)
      children.add(child)
      child.once('exit', () => children.delete(child))
      const running = { pid: child.pid, log, child, stop: () => end(child) }
      closers.unshift(running.stop)
      const failed = new Promise((_resolve, reject) => {
        child.once('error', reject)
        child.once('exit', code => { reject(new Error(`${name} ended with ${code}: ${readFileSync(log, 'utf8').slice(-2000)}`)) })
      })
      failed.catch(() => { /* nobody waits for it any more: what is measured then fails by itself */ })
      await Promise.race([answers(port), failed])
      return running
    },
    /** Signs in for real. @returns a browser that has */
    async visit (origin, path = '/1k') {
      const visitor = new Visitor()
      const { status, address } = await visitor.signIn(origin + path, PERSON)
      if (status !== 200) throw new Error(`a sign-in ended with ${status} at ${address.split('?', 1)[0]}`)
      return visitor
    },
    /** @returns the `Cookie` header of such a browser */
    async signIn (origin) { return cookiesOf(await this.visit(origin)) },
    /** On the core of the load: what it costs is nothing of the gate's. */
    async startRedis () {
      const port = await freePort()
      await this.start('redis', ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { port, core: LOAD_CORE, cwd: this.folderOf('redis') })
      return { port, url: `redis://127.0.0.1:${port}` }
    },
    async close () { for (const close of closers) await close() }
  }
}

async function answers (port) {
  for (const began = Date.now(); Date.now() - began < PATIENCE; await sleep(20)) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise(resolve => { socket.once('connect', () => resolve(true)).once('error', () => resolve(false)) })
    socket.destroy()
    if (isOpen) return
  }
  throw new Error(`nothing answers at port ${port}`)
}

async function end (child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  if (await Promise.race([ended, sleep(3000, 'late')]) !== 'late') return
  child.kill('SIGKILL')
  await ended
}
