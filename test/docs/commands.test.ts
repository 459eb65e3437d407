// Runs what the pages tell people to type, in the order of the page, and compares it with what the page says they will see.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { CLIENT, COOKIE_SECRET } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { startServer } from '../fixtures/server.ts'
import { CLIENT as SIMULATED_CLIENT } from '../fixtures/simulators/authorization-server.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { startWorld, type World } from '../fixtures/simulators/world.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { blocksOf, isShown, pages, type Block } from './markdown.ts'
import { envFor, has, keepRunning, listens, startStage, type Stage } from './stage.ts'

t.setTimeout(300_000)

/** What a fence may be. A command in a fence of another name would not be run. */
const LANGUAGES = new Set(['sh', 'text', 'yaml', 'ini', 'nginx', 'caddyfile', 'js', 'ts', 'html', 'json', 'dockerfile'])

/** One page while it is being followed: what it exported, and what it left running. */
interface Walk {
  readonly t: Test
  readonly stage: Stage
  readonly folder: string
  /** Where GitHub is at its own address, for the page that speaks of it. */
  readonly world: World | undefined
  stopGate: () => Promise<void>
}

async function startWalk (t: Test, page: string): Promise<Walk> {
  const stage = await startStage(t)
  const folder = join(stage.folder, 'work')
  mkdirSync(folder)
  writeFileSync(join(folder, 'exported'), '')
  if (page === 'docs/troubleshooting.md') writeLog(folder)
  const world = page === 'docs/getting-started.md' ? await startGitHub(t, stage) : undefined
  return { t, stage, folder, world, stopGate: async () => {} }
}

async function startGitHub (t: Test, { ports }: Stage): Promise<World> {
  const simulator = createGitHub()
  simulator.server.redirectUris.push(`http://127.0.0.1:${ports.gate}`)
  return await startWorld(t, simulator)
}

// The page looks for one line of a log, and it must be there.
function writeLog (folder: string): void {
  const id = /"reqId":"([^"]+)"/.exec(readFileSync('docs/troubleshooting.md', 'utf8'))?.[1]
  writeFileSync(join(folder, 'gate.log'), `{"level":"warn","reqId":"${id ?? ''}","event":"request.refused"}\n`)
}

/** Test values for what only this page has: the repository, the ports of commands that take none, the client that GitHub knows. */
function fill ({ stage }: Walk, { text, marker }: Block): string {
  const port = `--port=${stage.ports.gate}`
  const command = marker.includes('at GitHub') ? text.replace('CLIENT_ID', SIMULATED_CLIENT.id).replace('CLIENT_SECRET', SIMULATED_CLIENT.secret) : text
  return stage.fill(command)
    .replaceAll('npm ci && npm run demo', `npm run --silent --prefix ${resolve('.')} demo -- ${port}`) // whoever runs the tests has done npm ci
    .replaceAll(/oauth-gate demo$/gm, `oauth-gate demo ${port}`)
}

function envOf ({ stage, world }: Walk): Readonly<Record<string, string>> {
  return { ...stage.env, ...world?.childEnv }
}

function script ({ folder }: Walk, command: string): string {
  return `cd ${folder}\n. ./exported\n${command}\nexport -p > exported\n`
}

async function runToEnd (walk: Walk, block: Block, command: string): Promise<void> {
  const child = spawn('sh', ['-eu', '-c', `exec 2>&1\n${script(walk, command)}`], { env: envOf(walk), stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>(resolve => { child.on('close', resolve) })
  const said = walk.stage.unfill(await text(child.stdout))
  walk.t.equal(await ended, 0, `${block.page}:${block.line} ${said}`)
  if (block.shows !== undefined) walk.t.ok(isShown(block.shows, said), `${block.page}:${block.line} shows what the page says: ${said}`)
}

async function leaveRunning (walk: Walk, block: Block, command: string): Promise<void> {
  const { t, stage } = walk
  if (block.marker.includes('with the app')) await startApp(t, stage.ports.app)
  const isGate = /oauth-gate (?:serve|demo)|npm run/.test(command)
  if (isGate) await walk.stopGate()
  const port = isGate ? stage.ports.gate : stage.ports.app
  const running = await keepRunning(t, 'sh', ['-eu', '-c', script(walk, command)], {
    env: envOf(walk), ready: async said => await listens(port) && (block.shows === undefined || isShown(block.shows, stage.unfill(said)))
  })
  t.pass(`${block.page}:${block.line} runs and shows what the page says`)
  if (isGate) walk.stopGate = running.stop
  const who = /(\w+) signs in/.exec(block.marker)?.[1]
  if (who === undefined) return
  const page = await (walk.world?.browser() ?? new Visitor()).signIn(`http://127.0.0.1:${stage.ports.gate}/`, who)
  t.match(page, { status: 200, address: `http://127.0.0.1:${stage.ports.gate}/` }, `${block.page}:${block.line} and ${who} signs in`)
  t.notOk(page.headers['x-oauth-gate'], 'and is at the app')
}

async function startApp (t: Test, port: number): Promise<void> {
  await startServer(t, createServer((_request, response) => { response.end('the app') }), port)
}

/** `by FILE` runs it with the block of this page; `by FILE: WORDS` has these words in it. */
function isRunBy (t: Test, { page, line, marker }: Block): void {
  const [, file = '', words] = /^by (\S+?)(?:: (.*))?$/.exec(marker) ?? []
  const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
  t.ok(source.includes(words ?? page), `${page}:${line} is run by ${file}${words === undefined ? '' : `: ${words}`}`)
}

async function runCommand (walk: Walk, block: Block): Promise<void> {
  const { t, stage } = walk
  const command = fill(walk, block)
  if (block.marker.startsWith('by ')) return isRunBy(t, block)
  if (block.marker.startsWith('keeps running')) return await leaveRunning(walk, block, command)
  t.ok(block.marker === '' || block.marker === 'needs the app', `${block.page}:${block.line}: ${block.marker} is a way to test`)
  if (block.marker === 'needs the app') await startApp(t, stage.ports.app)
  await runToEnd(walk, block, command)
}

/** A whole file of settings, or a part of one beside which the rest is given. Where it has several providers, their settings are all there. */
function checkSettings ({ t, stage }: Walk, { page, line, text }: Block): void {
  const keys = Object.keys(parse(text) as object)
  const rest = { UPSTREAM: 'http://127.0.0.1:5006', OAUTH_PROVIDER: 'oidc', OAUTH_ISSUER: stage.provider.issuer, OAUTH_KEY: CLIENT.id, OAUTH_SECRET: CLIENT.secret, COOKIE_SECRET }
  const missing = Object.entries(rest).filter(([name]) => !keys.some(key => key.replace(/_file$/, '') === name.toLowerCase() || (key === 'providers' && name.startsWith('OAUTH_'))))
  const file = join(stage.folder, 'gate.yaml')
  writeFileSync(file, stage.fill(text))
  const { status, stdout, stderr } = spawnSync('oauth-gate', ['check', `--config=${file}`], { encoding: 'utf8', env: { ...envFor(stage.env, text), ...Object.fromEntries(missing.map(([name, value]) => [`OAUTH_GATE_${name}`, value])) } })
  t.equal(status, 0, `${page}:${line} ${stdout}${stderr}`)
  if (missing.length === 0) t.notMatch(stdout, /^ {2}Warning/m, `${page}:${line} is as good as it can be`)
}

/** What somebody meets who is new here. */
const FIRST_PAGES = new Set(['README.md', 'docs/getting-started.md'])

for (const page of pages) {
  const blocks = blocksOf(page)
  const options = FIRST_PAGES.has(page) ? {} : onlyInCi(`the commands of ${page}`)
  t.test(`what ${page} says to type works, and shows what it says`, options, async t => {
    if (!has(t, 'openssl', 'openssl') || !has(t, 'python3', 'python3')) return
    for (const { language, line } of blocks) t.ok(LANGUAGES.has(language), `${page}:${line} has a fence of a known language: ${language}`)
    if (!blocks.some(({ language }) => language === 'sh' || language === 'yaml')) return
    const walk = await startWalk(t, page)
    for (const block of blocks) {
      if (block.language === 'sh') await runCommand(walk, block)
      if (block.language === 'yaml' && block.marker === '') checkSettings(walk, block)
      if (block.language === 'yaml' && block.marker !== '') isRunBy(t, block)
      // The files themselves are run by proxies.test.ts and systemd.test.ts, which name the pages they take them from.
      if (['nginx', 'caddyfile', 'ini'].includes(block.language)) isRunBy(t, { ...block, marker: block.marker === '' ? `by test/docs/${block.language === 'ini' ? 'systemd' : 'proxies'}.test.ts` : block.marker })
    }
  })
}
