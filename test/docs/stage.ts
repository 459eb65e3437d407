import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { oauthSecret } from '../../src/cli/oauth-secret.ts'
import { startProvider, type DemoProvider } from '../../src/demo/provider.ts'
import { outside } from '../../src/outside.ts'
import { CLIENT, freePort } from '../fixtures/gate.ts'
import { isCi, skipped } from '../fixtures/lacking.ts'
import { everybody, type Person } from '../fixtures/people.ts'

const main = new URL('../../src/cli/main.js', import.meta.url).href

type Pair = readonly [here: string, there: string]

/** In one go: a port that was just put in may have another's digits in it. */
export function replaceEach (text: string, pairs: readonly Pair[]): string {
  const theres = new Map([...pairs].reverse()) // of two with one place the first counts
  const heres = [...theres.keys()].map(here => here.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return text.replace(new RegExp(heres.join('|'), 'g'), here => theres.get(here) ?? here)
}

/** The stage that the commands and files of a page are played on: every name that docs/recipes/README.md lists has a real thing behind it. */
export interface Stage {
  readonly folder: string
  readonly provider: DemoProvider
  readonly ports: { readonly gate: number, readonly app: number, readonly otherApp: number, readonly tls: number, readonly plain: number }
  readonly certificate: string
  /** Where people reach the gate through a proxy. */
  readonly publicOrigin: string
  /** For child processes: a PATH on which `npx`, `oauth-gate` and `sudo` do what they would, with this build. */
  readonly env: Readonly<Record<string, string>>
  /** Puts the test's values in the places of the placeholders, and changes nothing else. */
  fill (text: string, more?: readonly Pair[]): string
  /** The other way round, for what a command printed. */
  unfill (text: string): string
}

export async function startStage (t: Test, { people = everybody }: { readonly people?: readonly Person[] } = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-docs-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [gate, app, otherApp, tls, plain] = [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()]
  const publicOrigin = `https://app.example.com:${tls}`
  const redirectUris = [`http://127.0.0.1:${gate}`, publicOrigin, `${publicOrigin}/tool`]
  const provider = await startProvider({ address: 'localhost', people, remembers: false, clients: [{ ...CLIENT, redirectUris }] })
  t.teardown(() => provider.close())
  const certificate = makeCertificate(folder)
  for (const name of ['client-secret', 'github-secret']) writeFileSync(join(folder, name), CLIENT.secret)
  for (const name of ['cookie-secret', 'encryption-key']) writeFileSync(join(folder, name), `${oauthSecret(outside)}\n`)
  const pairs: Pair[] = [
    ['https://id.example.com', provider.issuer], ['https://app.example.com', publicOrigin], ['CLIENT_ID', CLIENT.id], ['CLIENT_SECRET', CLIENT.secret],
    ['/etc/ssl/app.example.com/', `${folder}/`], ['/etc/oauth-gate/', `${folder}/`], ['/etc/traefik/', `${folder}/`], ['/run/oauth-gate/', `${folder}/`],
    ['4180', String(gate)], ['5006', String(app)], ['8000', String(otherApp)],
    ['listen 443 ', `listen 127.0.0.1:${tls} `], ['listen 80;', `listen 127.0.0.1:${plain};`], // nginx
    ['\napp.example.com {', `\napp.example.com:${tls} {`], // Caddy
    ['":443"', `"127.0.0.1:${tls}"`], ['":80"', `"127.0.0.1:${plain}"`] // Traefik
  ]
  return {
    folder, provider, certificate, publicOrigin,
    ports: { gate, app, otherApp, tls, plain },
    env: { PATH: `${shims(folder)}:${process.env['PATH'] ?? ''}`, HOME: folder, OAUTH_GATE_PORT: String(gate), ...isCi && { CI: 'true' } },
    fill: (text, more = []) => replaceEach(text, [...pairs, ...more]),
    unfill: text => replaceEach(text, pairs.filter(([, there]) => there !== CLIENT.id).map(([here, there]) => [there, here]))
  }
}

export interface Kept {
  readonly said: () => string
  /** @param signal how; at once unless given */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

/** A process that runs until the test ends; resolves when `isReady` says so. @throws what it printed, if it ended before */
export async function keepRunning (t: Test, command: string, args: readonly string[], { env, ready }: { readonly env: Readonly<Record<string, string>>, readonly ready: (said: string) => boolean | Promise<boolean> }): Promise<Kept> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let [said, ended] = ['', false]
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { said += String(chunk) })
  child.on('exit', () => { ended = true })
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (ended || child.pid === undefined) return
    process.kill(-child.pid, signal) // the group that it is the leader of
    await once(child, 'exit')
  }
  t.teardown(() => stop())
  await once(child, 'spawn')
  for (let turn = 0; turn < 300; turn++) {
    if (await ready(said)) return { said: () => said, stop }
    if (ended) break
    await new Promise(resolve => { setTimeout(resolve, 100) })
  }
  throw new Error(`${command} ${ended ? 'ended' : 'was not ready within 30 s'}: ${said}`)
}

/** `oauth-gate serve` with the settings of a page. */
export function serve (t: Test, { env, folder, fill }: Stage, file: string, ...flags: string[]): Promise<{ said: () => string }> {
  const path = join(folder, 'gate.yaml')
  writeFileSync(path, fill(file))
  return keepRunning(t, 'oauth-gate', ['serve', `--config=${path}`, ...flags], { env: envFor(env, file), ready: said => said.includes('  Who may enter') })
}

/** A socket has no port. */
export function envFor (env: Stage['env'], settings: string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'OAUTH_GATE_PORT' || !settings.includes('unix_socket')))
}

export async function listens (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
  socket.destroy()
  return open
}

/** @returns false after the test was skipped for want of a command, which CI does not allow */
export function has (t: Test, command: string, debianPackage: string): boolean {
  if (spawnSync('sh', ['-c', `command -v ${command}`]).status === 0) return true
  skipped(t, `no ${command} on this machine: apt-get install ${debianPackage}`)
  return false
}

// Of a kind that every browser takes, so that a proxy that reads its own certificate takes it too.
function makeCertificate (folder: string): string {
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=app.example.com', '-addext', 'subjectAltName=DNS:app.example.com', '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`openssl: ${made.error?.message ?? made.stderr}`)
  return readFileSync(join(folder, 'fullchain.pem'), 'utf8')
}

function shims (folder: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const command = (name: string, text: string) => {
    writeFileSync(join(bin, name), text)
    chmodSync(join(bin, name), 0o755)
  }
  command('oauth-gate', `#!${process.execPath}\nimport(${JSON.stringify(main)}).then(async ({ main }) => { process.exitCode = await main(process.argv.slice(2)) })\n`)
  command('npx', '#!/bin/sh\n[ "$1" = oauth-gate ] || { echo "npx $1 is not of this project" >&2; exit 1; }\nexec "$@"\n')
  command('sudo', '#!/bin/sh\nexec "$@"\n')
  return bin
}
