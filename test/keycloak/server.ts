import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../fixtures/gate.ts'
import { isCi, skipped } from '../fixtures/lacking.ts'

const VERSION = '26.7.3' // of those that Java 17 runs
const FOLDER = resolve('.keycloak')
const NEEDED = { java: 'default-jre-headless', mvn: 'maven', tar: 'tar' }
const LONGEST_START = 240_000

/**
 * A real Keycloak on a port of its own, with nothing but this realm; it and its folder are gone when the test ends.
 *
 * @returns the address of the server, or undefined after the test was skipped, which CI does not allow
 * @throws what it printed, if it ended or did not begin to answer
 */
export async function startKeycloak (t: Test, realm: { readonly realm: string }): Promise<string | undefined> {
  const distribution = whereItIs(t)
  if (distribution === undefined) return undefined
  const home = mkdtempSync(join(tmpdir(), 'oauth-gate-keycloak-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  furnish(home, distribution, realm)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { ended, said } = run(t, home, port)
  for (const giveUpAt = Date.now() + LONGEST_START; Date.now() < giveUpAt && !ended();) {
    if (await answers(`${url}/realms/${realm.realm}/.well-known/openid-configuration`)) return url
    await new Promise(resolve => { setTimeout(resolve, 200) })
  }
  throw new Error(`Keycloak ${ended() ? 'ended' : `did not answer within ${LONGEST_START} ms`}; if it stays so, remove .keycloak: ${said()}`)
}

/** Unpacked in a folder that git ignores, where it stays for the next time. */
function whereItIs (t: Test): string | undefined {
  if (!isCi) return skip(t, 'Keycloak takes a minute and 250 MB: run with CI=true')
  const missing = Object.entries(NEEDED).filter(([command]) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0)
  if (missing.length > 0) return skip(t, `no Keycloak without ${missing.map(([command]) => command).join(', ')}: apt-get install ${missing.map(([, name]) => name).join(' ')}`)
  const distribution = join(FOLDER, `keycloak-${VERSION}`)
  return existsSync(distribution) ? distribution : download(distribution)
}

function skip (t: Test, message: string): undefined {
  skipped(t, message)
  return undefined
}

/** By Maven, which knows from where. Its own part of the folder is removed again: it is twice the size. */
function download (distribution: string): string {
  const stage = join(FOLDER, 'download')
  const must = (command: string, ...args: string[]) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}\n${stderr}`)
  }
  rmSync(stage, { recursive: true, force: true })
  mkdirSync(stage, { recursive: true })
  must('mvn', '--batch-mode', '--quiet', 'dependency:copy', `-Dartifact=org.keycloak:keycloak-quarkus-dist:${VERSION}:tar.gz`, `-DoutputDirectory=${stage}`, `-Dmaven.repo.local=${stage}/maven`)
  must('tar', '-xzf', join(stage, `keycloak-quarkus-dist-${VERSION}.tar.gz`), '-C', stage)
  renameSync(join(stage, `keycloak-${VERSION}`), distribution)
  rmSync(stage, { recursive: true })
  return distribution
}

/** A home that shares the programs and keeps its data to itself. The script finds its home by where it is, so it is a copy. */
function furnish (home: string, distribution: string, realm: object): void {
  for (const name of ['conf', 'lib', 'providers', 'themes']) symlinkSync(join(distribution, name), join(home, name))
  for (const name of ['bin', 'data/import']) mkdirSync(join(home, name), { recursive: true })
  copyFileSync(join(distribution, 'bin/kc.sh'), join(home, 'bin/kc.sh'))
  writeFileSync(join(home, 'data/import/realm.json'), JSON.stringify(realm))
}

/** The script starts Java once or twice. Whoever waits at the pipe ends them all with this process, however that ends: nothing they have is worth keeping. */
function run (t: Test, home: string, port: number): { ended: () => boolean, said: () => string } {
  const script = '( read _ <&3; kill -9 0 ) > /dev/null 2>&1 & exec "$@" 3<&-'
  const child = spawn('sh', ['-c', script, 'sh', 'sh', join(home, 'bin/kc.sh'), 'start-dev', '--import-realm', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`], {
    detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], cwd: home, // a group of its own, which is what 0 stands for
    env: { PATH: process.env['PATH'], JAVA_HOME: process.env['JAVA_HOME'], HOME: home, JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m', JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1' }
  })
  let [said, ended] = ['', false]
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => { said = (said + String(chunk)).slice(-20_000) })
  const gone = once(child, 'close').then(() => { ended = true })
  t.teardown(async () => {
    child.stdio[3]?.destroy()
    await gone
  })
  return { ended: () => ended, said: () => said }
}

async function answers (url: string): Promise<boolean> {
  return await fetch(url).then(({ ok }) => ok, () => false)
}
