import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { keepRunning, listens } from '../docs/stage.ts'
import { freePort } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { goOracle } from './go-oracle.ts'
import { pythonOracle } from './oracles.ts'

/** What each target is read as by something real: a list a target, a character a byte. */
export type Readings = readonly (readonly string[])[]

const SECRET = 'only for admins'

function folderFor (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-read-'))
  chmodSync(folder, 0o755)
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  for (const name of ['admin', 'public']) {
    mkdirSync(join(folder, 'root', name, 'x'), { recursive: true })
    for (const file of ['index.html', 'x/index.html', 'users']) writeFileSync(join(folder, 'root', name, file), name === 'admin' ? SECRET : name)
  }
  return folder
}

/** Says what it was asked for. */
async function startEcho (t: Test): Promise<string> {
  return await startServer(t, createServer((request, response) => { response.end(Buffer.from(request.url ?? '', 'latin1')) }))
}

async function ask (port: number, target: string): Promise<string | null> {
  return await new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${target} HTTP/1.1\r\nHost: front.example\r\nConnection: close\r\n\r\n`, 'latin1'))
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk }).on('error', () => {})
      .on('close', () => resolve(/^HTTP\/1\.1 200 /.test(answer) ? bodyOf(answer) : null))
  })
}

function bodyOf (answer: string): string {
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
  if (!/^transfer-encoding: *chunked/im.test(head)) return body
  return body.replace(/(?:^|\r\n)[0-9a-f]+\r\n/gi, '').replace(/\r\n$/, '')
}

/** @param ports of servers that answer with a path, or with a file: the one that only admins may see counts as its path */
async function readBy (ports: readonly number[], targets: readonly string[]): Promise<Readings> {
  const all: string[][] = targets.map(() => [])
  const waiting = targets.entries()
  const lane = async () => {
    for (const [index, target] of waiting) {
      for (const port of ports) {
        const body = await ask(port, target)
        if (body === SECRET) all[index]?.push('/admin')
        else if (body?.startsWith('/') === true) all[index]?.push(body)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return all
}

/** What nginx takes for the path, what it sends on where `proxy_pass` has a path, and which file it finds, by `root` and by `alias`. */
export async function readByNginx (t: Test, targets: readonly string[]): Promise<Readings> {
  const [folder, echo] = [folderFor(t), await startEcho(t)]
  const [own, passed, files] = [await freePort(), await freePort(), await freePort()]
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ')
  writeFileSync(join(folder, 'nginx.conf'), `${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/pid; error_log /dev/null; daemon off; worker_processes 1; events {} http { access_log off; default_type text/plain; ${temporary}
    server { listen 127.0.0.1:${own}; location / { return 200 $uri; } }
    server { listen 127.0.0.1:${passed}; location / { proxy_pass ${echo}/; } location /public { proxy_pass ${echo}/public; } }
    server { listen 127.0.0.1:${files}; root ${folder}/root; location /public { alias ${folder}/root/public/; } }
  }`)
  const { stop } = await keepRunning(t, 'nginx', ['-e', '/dev/null', '-c', join(folder, 'nginx.conf')], { env: { PATH: process.env['PATH'] ?? '' }, ready: () => listens(files) })
  const found = await readBy([own, passed, files], targets)
  await stop()
  return found
}

/** The same of Caddy: what its matchers go by, what it sends on with a prefix taken off and put back, and which file it finds. */
export async function readByCaddy (t: Test, targets: readonly string[]): Promise<Readings> {
  const [folder, echo] = [folderFor(t), await startEcho(t)]
  const [own, passed, files] = [await freePort(), await freePort(), await freePort()]
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}
http://:${own} {\n\tbind 127.0.0.1\n\t@admin path /admin /admin/*\n\trespond @admin "/admin"\n\trespond "{http.request.uri.path}"\n}
http://:${passed} {\n\tbind 127.0.0.1\n\thandle_path /public/* {\n\t\trewrite * /public{uri}\n\t\treverse_proxy ${echo}\n\t}\n\treverse_proxy ${echo}\n}
http://:${files} {\n\tbind 127.0.0.1\n\troot * ${folder}/root\n\tfile_server\n}\n`)
  const { stop } = await keepRunning(t, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env: { PATH: process.env['PATH'] ?? '', HOME: folder }, ready: () => listens(files) })
  const found = await readBy([own, passed, files], targets)
  await stop()
  return found
}

export function readByPython (python: string, targets: readonly string[]): Readings {
  const { stdout } = spawnSync(python, ['-c', pythonOracle], { input: JSON.stringify(targets), encoding: 'utf8', maxBuffer: 1e8 })
  return JSON.parse(stdout) as string[][]
}

/** @returns null where there is no Go */
export function readByGo (t: Test, targets: readonly string[]): Readings | null {
  if (spawnSync('go', ['version']).status !== 0) return null
  const folder = folderFor(t)
  writeFileSync(join(folder, 'main.go'), goOracle)
  const { stdout, stderr } = spawnSync('go', ['run', join(folder, 'main.go')], { input: JSON.stringify(targets), encoding: 'utf8', maxBuffer: 1e8, env: { ...process.env, GO111MODULE: 'off', GOTOOLCHAIN: 'local' } })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as string[][]
}
