import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort, startGate, type TestApp } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { Visitor } from '../fixtures/visitor.ts'

const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(file => existsSync(file))
const hasDav = NGINX !== undefined && spawnSync(NGINX, ['-V'], { encoding: 'utf8' }).stderr.includes('http_dav_module')

const RULES = [
  { path: '/admin', allow: { groups: ['admins'] } },
  { path: '/public', allow: 'public' },
  { path: '/shared', allow: 'public' },
  { path: '/', allow: 'signed-in' }
] as const

/** nginx with the files of an admin and of everybody, which it copies and moves for whoever asks. */
async function startNginx (t: Test): Promise<{ app: TestApp, read: (path: string) => string }> {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-dav-'))
  chmodSync(folder, 0o755)
  for (const name of ['admin', 'public']) {
    mkdirSync(join(folder, 'root', name), { recursive: true })
    writeFileSync(join(folder, 'root', name, 'a.txt'), name)
  }
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ')
  const server = `server { listen 127.0.0.1:${port}; root ${folder}/root; dav_methods PUT DELETE COPY MOVE; location /shared { alias ${folder}/root/public/; } }`
  writeFileSync(join(folder, 'nginx.conf'), `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {} http { access_log off; ${temporary} ${server} }`)
  const child = spawn(NGINX as string, ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill()
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true })
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 100 && !await fetch(url).then(() => true, () => false); tries++) await wait(30)
  return { app: { url, received: [] }, read: path => readFileSync(join(folder, 'root', path), 'utf8') }
}

t.test('a file server that copies and moves for whoever asks does so only where the rules admit this person', { skip: hasDav || isCi ? false : 'no nginx with its dav module is installed' }, async t => {
  const { app, read } = await startNginx(t)
  const { origin } = await startGate(t, { app, settings: { rules: RULES } })
  const copy = (visitor: Visitor, from: string, destination: string, method = 'COPY') => visitor.ask(origin + from, { method, headers: { destination } })
  const [stranger, viewer, admin] = [new Visitor(), new Visitor(), new Visitor()]
  await viewer.signIn(`${origin}/`, 'cleo')
  await admin.signIn(`${origin}/`, 'ada')

  for (const destination of [`${origin}/admin/a.txt`, '/admin/a.txt', '/public/../admin/a.txt', '/public/%2e%2e/admin/a.txt', '/public../admin/a.txt', '//x/admin/a.txt', '/ADMIN/a.txt']) {
    for (const method of ['COPY', 'MOVE']) {
      t.equal((await copy(stranger, '/public/a.txt', destination, method)).status, 401, `${method} to ${destination} by a stranger`)
      t.ok([400, 403].includes((await copy(viewer, '/public/a.txt', destination, method)).status), `${method} to ${destination} by somebody`)
    }
  }
  t.equal((await copy(viewer, '/admin/a.txt', '/public/b.txt')).status, 403)
  t.equal((await copy(viewer, '/', '/x/')).status, 403, 'nor does the whole site go where they may read')
  for (const path of ['/shared../admin/a.txt', '/shared%2e%2e/admin/a.txt']) {
    t.equal((await fetch(app.url + path)).status, 200, `nginx itself reads ${path} as /admin/a.txt`)
    t.equal((await stranger.ask(origin + path)).status, 401)
    t.equal((await viewer.ask(origin + path)).status, 400)
  }
  t.equal(read('admin/a.txt'), 'admin')

  for (const path of ['/', '/./', '//']) {
    t.equal((await stranger.ask(origin + path, { method: 'DELETE' })).status, 401)
    t.ok([400, 403].includes((await viewer.ask(origin + path, { method: 'DELETE' })).status), `${path} is not removed with what is in it`)
  }
  t.equal(read('admin/a.txt'), 'admin')

  t.equal((await copy(stranger, '/public/a.txt', `${origin}/public/b.txt`)).status, 204, 'what is theirs they copy')
  t.equal(read('public/b.txt'), 'public')
  t.equal((await copy(admin, '/public/a.txt', `${origin}/admin/c.txt`)).status, 204)
  t.equal(read('admin/c.txt'), 'public')
  t.equal(read('admin/a.txt'), 'admin', 'and nothing else has changed')
})

t.test('a folder is removed, listed or locked whole only by whom all that lies in it is for', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: [{ path: '/files/closed', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] } })
  const [viewer, admin] = [new Visitor(), new Visitor()]
  await viewer.signIn(`${origin}/`, 'cleo')
  await admin.signIn(`${origin}/`, 'ada')
  const ways = [['DELETE', {}], ['PROPFIND', {}], ['PROPFIND', { depth: 'infinity' }], ['LOCK', {}]] as const
  const before = app.received.length
  for (const [method, headers] of ways) {
    for (const path of ['/files', '/files/', '/', '/x/../files', '/FILES']) t.ok([400, 403].includes((await viewer.ask(origin + path, { method, headers })).status), `${method} of ${path}`)
  }
  t.equal(app.received.length, before, 'none of them reached the app')
  for (const [method, headers] of ways) {
    t.equal((await admin.ask(`${origin}/files`, { method, headers })).status, 200)
    t.equal((await viewer.ask(`${origin}/files/open`, { method, headers })).status, 200, 'what is theirs alone')
  }
  t.equal((await viewer.ask(`${origin}/files`, { method: 'PROPFIND', headers: { depth: '1' } })).status, 200, 'what lies in it is named, as by any page')
})

t.test('a Destination is judged with every method, and reaches the app byte for byte', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: RULES } })
  const stranger = new Visitor()
  for (const method of ['COPY', 'MOVE', 'GET', 'POST', 'PUT', 'LINK', 'PROPFIND']) {
    for (const destination of ['/admin/x', `${origin}/admin/x`, 'http://evil.example/public/x', '/public/x, /admin/x', '/public/x?/../../admin', '']) {
      t.equal((await stranger.ask(`${origin}/public/a`, { method, headers: { destination } })).status, 401, `${method} with ${JSON.stringify(destination)}`)
    }
  }
  t.equal(app.received.length, 0, 'none of them reached the app')
  const admin = new Visitor()
  await admin.signIn(`${origin}/`, 'ada')
  const before = app.received.length
  t.equal((await admin.ask(`${origin}/public/a`, { method: 'MOVE', headers: { destination: 'http://evil.example/x' } })).status, 400)
  t.equal(app.received.length, before)
  t.equal((await admin.ask(`${origin}/public/a`, { method: 'MOVE', headers: { destination: '/admin/a%20b' } })).status, 200)
  t.equal(app.received.at(-1)?.headers['destination'], '/admin/a%20b')
})

t.test('with one app and no rule a Destination is the app’s own affair', async t => {
  const { origin, app } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'dev')
  for (const destination of ['/x', 'https://elsewhere.example/x?y', '/a//b/..']) {
    t.equal((await visitor.ask(`${origin}/a`, { method: 'COPY', headers: { destination } })).status, 200, destination)
    t.equal(app.received.at(-1)?.headers['destination'], destination)
  }
})
