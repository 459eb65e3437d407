import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { startProvider } from '../../src/demo/provider.ts'
import { CLIENT, freePort } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { people } from '../fixtures/people.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { packed, temporary } from './install.ts'

/** What the newcomer typed, in order, and all that was said in answer. */
interface Terminal {
  readonly commands: string[]
  readonly said: string[]
}

/** Somebody's own little app, which knows nothing of sign-ins. */
const APP = `
import { createServer } from 'node:http'
createServer((request, response) => response.end('Dear ' + (request.headers['x-forwarded-name'] ?? 'stranger') + ', here are the figures.')).listen(Number(process.argv[2]), '127.0.0.1')
`

async function setOut (t: Test) {
  const folder = temporary(t)
  const tarball = packed(t)
  copyFileSync(tarball, join(folder, basename(tarball)))
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const provider = await startProvider({ address: 'localhost', people, remembers: false, clients: [{ ...CLIENT, redirectUris: [origin] }] })
  t.teardown(() => provider.close())
  return { folder, tarball: basename(tarball), port, origin, provider, terminal: { commands: [], said: [] } as Terminal }
}

/** One line typed into a shell that keeps what was exported. */
function type (folder: string, { commands, said }: Terminal, line: string, exported: Record<string, string> = {}) {
  commands.push(line)
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...exported } })
  said.push(stdout + stderr)
  return { status, stdout: stdout.trim(), stderr }
}

async function keepRunning (t: Test, folder: string, { commands, said }: Terminal, line: string, ready: RegExp | null, exported: Record<string, string> = {}): Promise<string> {
  commands.push(line)
  // A group of its own: npx does not pass on the signal that ends it.
  const child = spawn('sh', ['-c', `exec ${line}`], { cwd: folder, detached: true, env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...exported } })
  const index = said.push('') - 1
  const hear = (text: Buffer) => { said[index] += text.toString() }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = once(child, 'exit')
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) process.kill(-child.pid)
    await ended
  })
  if (ready === null) await ended
  while (ready?.test(said[index] ?? '') === false && child.exitCode === null) await new Promise(resolve => setTimeout(resolve, 50))
  return said[index] ?? ''
}

/** What npx runs, without the second that npx takes. */
const COMMAND = 'node_modules/.bin/oauth-gate'

/** npm's own, and what its package page tells: Node 20 is older than what one dependency of Fastify asks for. */
const EXPLAINED = /^npm (?:warn (?:EBADENGINE|Unknown (?:user|env) config|using --force)|notice)/
const faults = ({ said }: Terminal) => said.join('\n').split('\n').filter(line => /\b(?:error|warn(?:ing)?|fail(?:ed|ure)?|deprecated|not found)\b/i.test(line) && !EXPLAINED.test(line))

t.test('a newcomer is at a protected page of their own app after three commands, and met no error', onlyInCi('npm installs the package'), async t => {
  const { folder, tarball, port, origin, provider, terminal } = await setOut(t)
  const appPort = await freePort()
  writeFileSync(join(folder, 'app.mjs'), APP)
  await keepRunning(t, folder, { commands: [], said: [] }, `node app.mjs ${appPort}`, /^/)

  const install = type(folder, terminal, `npm install ./${tarball}`, { npm_config_prefer_offline: 'true', npm_config_audit: 'false' })
  t.equal(install.status, 0, install.stderr)
  const secret = type(folder, terminal, 'npx oauth-gate oauth-secret').stdout // as in OAUTH_GATE_COOKIE_SECRET=$(…)
  const serve = `npx oauth-gate serve --port=${port} --upstream=http://127.0.0.1:${appPort} --oauth-provider=oidc --oauth-issuer=${provider.issuer} --oauth-key=${CLIENT.id} --oauth-secret=${CLIENT.secret} --allowed-domains=example.com`
  const block = await keepRunning(t, folder, terminal, serve, /Who may enter/, { OAUTH_GATE_COOKIE_SECRET: secret })
  t.match(block, `Open           ${origin}`)
  t.match(block, `Redirect URI   ${origin}   (register exactly this at the provider)`)

  const visitor = new Visitor()
  t.match(await visitor.navigate(`${origin}/`), { status: 302, headers: { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED' } }, 'the page is protected')
  t.match(await visitor.signIn(`${origin}/`, 'ada'), { status: 200, body: 'Dear Ada Lovelace, here are the figures.', address: `${origin}/` })
  t.equal(terminal.commands.length, 3, terminal.commands.join('\n'))
  t.strictSame(faults(terminal).filter(line => !/^ {2}Warning {8}LOWERS_KEYS: sessions are sealed with a key derived from --cookie-secret/.test(line)), [], 'no error, and no warning but one that says what to do')
})

t.test('each mistake a newcomer makes is answered by what to do instead', onlyInCi('npm installs the package'), async t => {
  const { folder, tarball, port, origin, provider, terminal } = await setOut(t)
  const install = type(folder, terminal, `npm install ./${tarball}`, { npm_config_prefer_offline: 'true', npm_config_audit: 'false' })
  t.equal(install.status, 0, install.stderr)
  const taken: Server = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => { taken.close() })
  const right: Readonly<Record<string, string>> = { port: String(port), upstream: 'http://127.0.0.1:9', 'oauth-provider': 'oidc', 'oauth-issuer': provider.issuer, 'oauth-key': CLIENT.id, 'oauth-secret': CLIENT.secret, 'cookie-secret': 'a'.repeat(44) }
  const serve = (changed: Readonly<Record<string, string | undefined>>) => [`${COMMAND} serve`, ...Object.entries({ ...right, ...changed }).flatMap(([flag, value]) => value === undefined ? [] : [`--${flag}=${value}`])].join(' ')

  const mistakes: readonly (readonly [string, string, RegExp])[] = [
    ['nothing at all', `${COMMAND} serve`, /oauth-gate demo[\s\S]*--upstream=/],
    ['a mistyped command', `${COMMAND} server`, /Did you mean serve\?/],
    ['a mistyped flag', serve({ upstream: undefined, upstrem: 'http://127.0.0.1:9' }), /--upstrem is not a setting[\s\S]*Did you mean --upstream\?/],
    ['no cookie secret', serve({ 'cookie-secret': undefined }), /oauth-gate oauth-secret/],
    ['no client secret', serve({ 'oauth-secret': undefined }), /Add --oauth-secret/],
    ['an upstream without scheme', serve({ upstream: '127.0.0.1:9' }), /Write http:\/\/127\.0\.0\.1:9/],
    ['an issuer without TLS elsewhere', serve({ 'oauth-issuer': 'http://id.example.com' }), /--oauth-issuer must be https/],
    ['a provider that is none', serve({ 'oauth-provider': 'odic' }), /Did you mean oidc\?/],
    ['a port that is taken', serve({ port: String((taken.address() as AddressInfo).port) }), /something else listens there: choose another --port/]
  ]
  for (const [mistake, line, answer] of mistakes) {
    const said = await keepRunning(t, folder, terminal, line, null)
    t.match(said, answer, mistake)
    t.notMatch(said, /\n {4}at |node:internal/, `${mistake}: no stack`)
    t.notMatch(said, new RegExp(CLIENT.secret), `${mistake}: no secret`)
  }

  const later = await keepRunning(t, folder, terminal, serve({ 'oauth-issuer': `${provider.issuer}/` }), /provider\.failed/)
  t.match(later, /differ by a trailing slash/, 'a wrong issuer is told while it starts, and the gate goes on')
  const page = await new Visitor().follow(`${origin}/`)
  t.match(page, { status: 502, headers: { 'x-oauth-gate': /^GATE_/ } })
  t.ok(page.body.includes(String(page.headers['x-request-id'])), 'with the id that leads to the line of the log')
  const checked = type(folder, terminal, `${serve({}).replace('serve', 'check --live')}`)
  t.match(checked.stdout, /wrong +upstream +http:\/\/127\.0\.0\.1:9/, 'check --live says that the app is not running')
})
