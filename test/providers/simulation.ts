import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createGate } from '../../src/gate.ts'
import { COOKIE_SECRET, freePort, startApp } from '../fixtures/gate.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { CLIENT, type AuthorizationServer } from '../fixtures/simulators/authorization-server.ts'
import type { Asked, Simulator } from '../fixtures/simulators/http.ts'
import { personCalled, type Person } from '../fixtures/simulators/people.ts'
import { startWorld, type World } from '../fixtures/simulators/world.ts'

export type SimulatedProvider = Simulator & { readonly server: AuthorizationServer }

/** Whom the app was told of; or the gate's code, with status; or the provider's page where the browser was left. */
export type Outcome = Readonly<Record<string, unknown>> | string

export interface Simulation {
  readonly world: World
  readonly origin: string
  /** A new browser, a whole sign-in. */
  signIn (person: Person | string): Promise<Outcome>
  /** The address of the provider that the browser was sent to last. */
  readonly authorizeRequests: readonly string[]
}

/** A gate and an app in a world where the provider is at its own address. */
export async function simulate (t: Test, simulator: SimulatedProvider, settings: Settings, others: readonly Simulator[] = []): Promise<Simulation> {
  const world = await startWorld(t, simulator, ...others)
  const port = await freePort()
  const app = await startApp(t)
  const { config } = loadConfig({ env: {}, settings: { upstream: [app.url], port, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET, logLevel: 'silent', ...settings } })
  const gate = await createGate(config, new TestOutside())
  t.teardown(() => gate.close())
  await gate.listen({ host: '127.0.0.1', port })
  return visitable(world, simulator, app, `http://127.0.0.1:${port}`)
}

/** The command itself, as its own process, told by Panel's variables. */
export async function simulateServe (t: Test, simulator: SimulatedProvider, env: Readonly<Record<string, string>>): Promise<Simulation & { stop (): Promise<string> }> {
  const world = await startWorld(t, simulator)
  const port = await freePort()
  const app = await startApp(t)
  const origin = `http://127.0.0.1:${port}`
  const command = fileURLToPath(new URL('../../../bin/oauth-gate.js', import.meta.url))
  const child = spawn(process.execPath, [command, 'serve', `--upstream=${app.url}`, `--port=${port}`], {
    env: { PATH: process.env['PATH'], PANEL_OAUTH_KEY: CLIENT.id, PANEL_OAUTH_SECRET: CLIENT.secret, PANEL_COOKIE_SECRET: COOKIE_SECRET, ...world.childEnv, ...env }
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { output += String(chunk) })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill()
    await ended
    return output
  }
  t.teardown(async () => { await stop() })
  await answers(`${origin}/ping`, () => child.exitCode === null, () => output)
  return { ...visitable(world, simulator, app, origin), stop }
}

async function answers (address: string, lives: () => boolean, output: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200 && lives(); attempt++) {
    if (await fetch(address).then(({ ok }) => ok, () => false)) return
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  throw new Error(`serve did not start: ${output()}`)
}

function visitable (world: World, { server, hosts }: SimulatedProvider, app: Awaited<ReturnType<typeof startApp>>, origin: string): Simulation {
  const authorizeRequests: string[] = []
  server.redirectUris.push(origin)
  return {
    world, origin, authorizeRequests,
    async signIn (person) {
      server.person = typeof person === 'string' ? personCalled(person) : person
      const before = app.received.length
      const visitor = world.browser()
      const page = await visitor.follow(`${origin}/page?x=1`)
      authorizeRequests.push(...visitor.seen.filter(address => hosts.includes(new URL(address).hostname)))
      if (page.address === `${origin}/page?x=1` && app.received.length === before + 1) return told(app.received.at(-1)?.headers ?? {})
      if (app.received.length !== before) throw new Error('the app was reached without a sign-in')
      if (!page.address.startsWith(origin)) return `${page.status} ${new URL(page.address).host}: ${/<title>(.*)<\/title>/.exec(page.body)?.[1] ?? ''}`
      return `${page.status} ${String(page.headers['x-oauth-gate'])}`
    }
  }
}

/** The identity headers as the app reads them. */
function told (headers: Asked['headers']): Outcome {
  const text = (name: string) => headers[name] === undefined ? {} : { [name.replace('x-forwarded-', '')]: decodeURIComponent(String(headers[name])) }
  const groups = headers['x-forwarded-groups']
  return {
    ...text('x-forwarded-user'), ...text('x-forwarded-preferred-username'), ...text('x-forwarded-email'), ...text('x-forwarded-name'), ...text('x-forwarded-subject'),
    ...groups !== undefined && { groups: String(groups).split(',').map(decodeURIComponent) }
  }
}

const TRANSPORT = new Set(['host', 'connection', 'content-length', 'accept-encoding', 'accept-language', 'sec-fetch-mode'])
const RANDOM: Readonly<Record<string, RegExp>> = {
  state: /^[\w-]{40,}$/, nonce: /^[\w-]{22,}$/, code_challenge: /^[\w-]{43}$/, code_verifier: /^[\w.~-]{43,128}$/, code: /^[\w-]{22}$/
}

/** A request as a table can have it: what is random is `*` where it has the form it must have. */
export function comparable ({ at, query, headers, form }: Pick<Asked, 'at' | 'query'> & Partial<Asked>, origin: string): Record<string, unknown> {
  const own = Object.entries(headers ?? {}).filter(([name]) => !TRANSPORT.has(name))
  const parameters = (all: URLSearchParams | undefined) => Object.fromEntries([...all ?? []].map(([name, value]) => [name, RANDOM[name]?.test(value) === true ? '*' : value.replace(origin, 'ORIGIN')]))
  return {
    at,
    ...query.size > 0 && { query: parameters(query) },
    ...headers !== undefined && { headers: Object.fromEntries(own.map(([name, value]) => [name, credentials(String(value))])) },
    ...form !== undefined && form.size > 0 && { form: parameters(form) }
  }
}

/** A client's parts are form-encoded (RFC 6749 §2.3.1), and how far is a matter of taste. */
function credentials (header: string): string {
  const [scheme, text = ''] = header.split(' ')
  if (scheme === 'Basic') return `Basic ${Buffer.from(text, 'base64').toString().split(':').map(part => decodeURIComponent(part.replaceAll('+', ' '))).join(' ')}`
  return header.replace(/^(Bearer|token) [\w.-]{20,}$/, '$1 *')
}
