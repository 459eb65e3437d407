import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type LogLine, type TestApp } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

function folder (t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'oauth-gate-lists-'))
  t.teardown(() => { rmSync(path, { recursive: true }) })
  return path
}

/** A gate whose list is a file, and who is signed in there. */
async function startListed (t: Test, content: string, settings: Settings = {}, app?: TestApp) {
  const path = join(folder(t), 'emails.txt')
  writeFileSync(path, content)
  const log: LogLine[] = []
  const running = await startGate(t, { settings: { allowedEmailsFile: path, ...settings }, log, ...app !== undefined && { app } })
  return { ...running, path, log, events: (event: string) => log.filter(line => line['event'] === event) }
}

/** Looks until it is so, for the three seconds in which it must have become so. */
async function until (is: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + 3000; Date.now() < end; await wait(50)) if (await is()) return true
  return false
}

const statusOf = (visitor: Visitor, address: string) => async (status: number) => await until(async () => (await visitor.navigate(address)).status === status)

t.test('who is taken off the list is out within seconds, and in again when put back', async t => {
  const { origin, path, app, events } = await startListed(t, 'ada@example.com\nben@example.com\n')
  const [ada, ben] = [new Visitor(), new Visitor()]
  t.equal((await ada.signIn(`${origin}/`, 'ada')).status, 200)
  await ben.signIn(`${origin}/`, 'ben')
  writeFileSync(path, 'ben@example.com\n')
  t.ok(await statusOf(ada, `${origin}/page`)(403))
  const before = app.received.length
  const page = await ada.navigate(`${origin}/page`)
  t.match(page, { status: 403, headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' }, body: /the address ada@example\.com is not among those who may enter.*Use another account/is })
  t.match(await ada.ask(`${origin}/api`, { headers: { accept: 'application/json' } }), { status: 403 })
  t.equal(app.received.length, before, 'and the app saw nothing of it')
  t.equal((await ben.navigate(`${origin}/`)).status, 200, 'nor did anybody else notice')
  t.match(events('policy.reloaded'), [{ level: 'info', addresses: 1, added: 0, removed: 1 }])
  t.notMatch(JSON.stringify(events('policy.reloaded')), /example\.com/, 'and no address is in the log of it')
  writeFileSync(path, '# all of us\nben@example.com\nADA@example.com # back\n')
  t.ok(await statusOf(ada, `${origin}/page`)(200), 'in the session she had')
})

t.test('who may not enter can still sign out: no copy of the cookie opens anything later', async t => {
  const { origin, path } = await startListed(t, 'ada@example.com\nben@example.com\n')
  const [ada, copy, switched, another] = Array.from({ length: 4 }, () => new Visitor()) as [Visitor, Visitor, Visitor, Visitor]
  for (const [one, its] of [[ada, copy], [switched, another]] as const) {
    await one.signIn(`${origin}/`, 'ada')
    its.cookies.set('127.0.0.1', new Map(one.cookies.get('127.0.0.1')))
  }
  writeFileSync(path, 'ben@example.com\n')
  t.ok(await statusOf(ada, `${origin}/page`)(403))
  t.match((await ada.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin } })).body, /signed out/)
  switched.cookies.delete('localhost') // the provider asks for a script where it knows somebody else
  t.match(await switched.signIn(`${origin}/oauth2/start?rd=%2F&prompt=select_account`, 'ben'), { status: 200, address: `${origin}/` })
  writeFileSync(path, 'ada@example.com\nben@example.com\n')
  const elsewhere = new Visitor()
  t.ok(await until(async () => (await elsewhere.signIn(`${origin}/`, 'ada')).status === 200), 'ada is back')
  t.equal((await copy.ask(`${origin}/page`)).status, 401)
  t.equal((await another.ask(`${origin}/page`)).status, 401, 'nor where another account was taken')
})

t.test('a websocket and a stream of who is taken off the list end within a second of it, and nobody else’s', async t => {
  const server = createServer((request, response) => {
    if (request.url !== '/events') return response.end('page')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: one\n\n')
  })
  const sockets = new WebSocketServer({ server })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  const app = { url: await startServer(t, server), received: [] }
  const { origin, path } = await startListed(t, 'ada@example.com\nben@example.com\n', {}, app)
  const [ada, ben] = await Promise.all(['ada', 'ben'].map(async login => await connect(t, origin, login)))
  writeFileSync(path, 'ben@example.com\n')
  const [code, reason] = await once(ada!.socket, 'close') as [number, Buffer]
  t.strictSame([code, reason.toString()], [4401, 'session_ended'])
  await t.rejects(async () => { await ada!.stream?.read() }, 'cut, so that it cannot be taken for whole')
  t.equal(ben!.socket.readyState, WebSocket.OPEN)
  t.equal(await Promise.race([ben!.stream?.read().then(() => 'over', () => 'over'), wait(600, 'open')]), 'open')
  const again = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { origin, cookie: ada!.cookie } })
  again.on('error', () => {})
  const [, response] = await once(again, 'unexpected-response') as [unknown, { statusCode: number }]
  t.equal(response.statusCode, 403, 'and no new one opens')
  again.terminate()
})

/** Signs in, and opens both. */
async function connect (t: Test, origin: string, login: string) {
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, login)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { origin, cookie } })
  await once(socket, 'open')
  t.teardown(() => { socket.terminate() })
  const stream = (await fetch(`${origin}/events`, { headers: { cookie } })).body?.getReader()
  await stream?.read()
  return { socket, stream, cookie }
}

t.test('a list that cannot be taken is said, with its line and the fix: nobody comes in by it, and who is not in it any more is out', async t => {
  const { origin, path, events } = await startListed(t, 'ada@example.com\n')
  const [ada, ben] = [new Visitor(), new Visitor()]
  await ada.signIn(`${origin}/`, 'ada')
  const broken: readonly (readonly [content: string | undefined, detail: RegExp, stays: boolean])[] = [
    [undefined, /--allowed-emails-file names a file that does not exist/, true],
    ['ben@example.com\nada@example.com\ncleo at example.com\n', /emails\.txt, line 3 is no email address/, true],
    ['# nobody\n\n', /emails\.txt has no address in it/, false],
    ['ada@example.com\nben at example.com\n', /line 2 is no email address/, false]
  ]
  for (const [index, [content, detail, stays]] of broken.entries()) {
    if (content === undefined) rmSync(path)
    else writeFileSync(path, content)
    t.ok(await until(() => events('policy.refused').length === index + 1), String(detail))
    t.match(events('policy.refused').at(-1), { level: 'error', file: path, detail, hint: /\w/, addresses: stays ? 1 : 0 })
    t.equal((await ada.navigate(`${origin}/`)).status, stays ? 200 : 403, `${String(detail)}: who was in is ${stays ? 'in' : 'out'}`)
  }
  t.notMatch(JSON.stringify(events('policy.refused')), /(?:ben|cleo) at/, 'no line is repeated')
  t.equal((await ben.signIn(`${origin}/`, 'ben')).status, 403, 'and a list that is half right lets nobody in')
  writeFileSync(path, 'ada@example.com\n')
  t.ok(await until(() => events('policy.reloaded').length === 1), 'that it is well again is said, though it lists the same')
  await wait(1200)
  t.equal(events('policy.refused').length, broken.length, 'and nothing is said twice')
})

t.test('a file is read anew by whatever way it changes: links as Kubernetes swaps them, a rename over it', async t => {
  const { origin, path, events } = await startListed(t, 'ada@example.com\n')
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const put = (name: string, content: string) => { writeFileSync(`${path}.${name}`, content) }
  put('new', 'ben@example.com\n')
  renameSync(`${path}.new`, path)
  t.ok(await statusOf(ada, `${origin}/`)(403), 'a rename')
  for (const [version, content] of [['1', 'ada@example.com\n'], ['2', 'ben@example.com\n']] as const) {
    mkdirSync(`${path}.${version}`)
    writeFileSync(`${path}.${version}/emails`, content)
  }
  symlinkSync(`${path}.1`, `${path}.data`)
  symlinkSync(`${path}.data/emails`, `${path}.link`)
  renameSync(`${path}.link`, path)
  t.ok(await statusOf(ada, `${origin}/`)(200), 'a link in its place')
  symlinkSync(`${path}.2`, `${path}.swap`)
  renameSync(`${path}.swap`, `${path}.data`)
  t.ok(await statusOf(ada, `${origin}/`)(403), 'a link on the way to it')
  t.strictSame(events('policy.refused'), [])
})

t.test('who may not enter at the sign-in has every condition in the log, and no session', async t => {
  const { origin, app, events } = await startListed(t, 'ada@example.com\nben@example.com\n', { allowedGroups: ['admins'], roleAttributePath: '\'Viewer\'', allowedRoles: ['editor', 'GrafanaAdmin'] })
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${origin}/`, 'ada'), { status: 403, body: /this site is for the role Editor or Admin/i })
  t.match(events('login.denied'), [{ detail: /has the role Viewer/, conditions: [
    { setting: 'allowed-emails-file', met: true, detail: /^ada@example\.com is in / }, { setting: 'allowed-groups', met: true, detail: 'the identity has the group admins' },
    { setting: 'allowed-roles', wants: 'the role Editor or Admin', met: false }
  ] }])
  t.equal((await visitor.ask(`${origin}/oauth2/userinfo`, { headers: { accept: 'application/json' } })).status, 401)
  t.equal(app.received.length, 0)
})

t.test('without sign-up a domain opens nothing', async t => {
  const { origin, app } = await startListed(t, 'ada@example.com\n', { allowSignUp: false, allowedDomains: ['example.com'] })
  t.equal((await new Visitor().signIn(`${origin}/`, 'ben')).status, 403)
  t.equal(app.received.length, 0)
  t.equal((await new Visitor().signIn(`${origin}/`, 'ada')).status, 200)
})
