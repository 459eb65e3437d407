// What a file looks like while somebody changes it, and how Kubernetes does it: a gate that follows its files must never take the half of anything.
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { client, clientKey, server, serverElsewhere, serverKey } from '../fixtures/certificates.ts'
import { isCi } from '../fixtures/lacking.ts'
import { openSocket, serveGate, type Served } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

const [old, young, younger] = ['o', 'y', 'z'].map(letter => `${Buffer.alloc(32, letter).toString('base64url')}=`) as [string, string, string]
/** Longer than any file has to be quiet. */
const LONG = 2_500
/** Milliseconds in which a change is in force, on a machine that has other things to do. */
const SOON = 5_000

/** What takes many seconds more is for CI. */
const sizes = isCi ? [1, 2] : [2]

/** Who is shown to somebody who connects now. */
async function shown ({ origin }: Served): Promise<string | undefined> {
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

/** Puts files where the gate has plain ones, as Kubernetes mounts them: links through one link, which alone is changed. */
function mount ({ folder }: Served, names: readonly string[]) {
  let [version, contents] = [0, Object.fromEntries(names.map(name => [name, readFileSync(join(folder, name), 'utf8')]))]
  const point = (link: string, target: string) => {
    symlinkSync(target, join(folder, `${link}.tmp`))
    renameSync(join(folder, `${link}.tmp`), join(folder, link))
  }
  const swap = (changes: Readonly<Record<string, string>> = {}): void => {
    const before = `..v${version}`
    const next = `..v${++version}`
    contents = { ...contents, ...changes }
    mkdirSync(join(folder, next))
    for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, next, name), content)
    point('..data', next)
    rmSync(join(folder, before), { recursive: true, force: true })
  }
  swap()
  for (const name of names) point(name, join('..data', name))
  return swap
}

/** The settings as lines, of which the first are settings too. */
function asLines ({ folder }: Served, last: Readonly<Record<string, unknown>>): { readonly half: string, readonly rest: string } {
  const lines = (settings: object) => Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join('')
  const settings = JSON.parse(readFileSync(join(folder, 'gate.json'), 'utf8')) as Record<string, unknown>
  return { half: lines(Object.fromEntries(Object.entries(settings).filter(([key]) => !(key in last)))), rest: lines(last) }
}

/** Asks again and again. @returns ends that, with all the answers there were */
function watch (gate: Served, visitor: Visitor): () => Promise<number[]> {
  const seen = new Set<number>()
  let running = true
  const asking = (async () => {
    for (; running; await sleep(30)) seen.add((await visitor.navigate(`${gate.origin}/page`)).status)
  })()
  return async () => {
    running = false
    await asking
    return [...seen]
  }
}

/** Two who have signed in, of whom only the first may still enter. @param remove takes the other off the list */
async function signedIn (t: Test, gate: Served, remove: () => Promise<unknown>): Promise<[ada: Visitor, ben: Visitor]> {
  const [ada, ben] = [new Visitor(), new Visitor()]
  t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
  t.equal((await ben.signIn(`${gate.origin}/`, 'ben')).status, 200)
  await remove()
  for (let count = 0; count < 4; count++) while ((await ben.navigate(`${gate.origin}/page`)).status !== 403) await sleep(50)
  return [ada, ben]
}

for (const workers of sizes) {
  t.test(`with ${workers}: a mounted folder that is exchanged as Kubernetes does it is taken whole, or not at all, once`, async t => {
    const gate = await serveGate(t, { workers, https: true, files: { key: old, 'cert.pem': server, 'key.pem': serverKey, listed: 'ada@example.com\nben@example.com\n' }, settings: { oauth_encryption_key_file: 'key', ssl_certfile: 'cert.pem', ssl_keyfile: 'key.pem', allowed_emails_file: 'listed' } })
    const swap = mount(gate, ['gate.json', 'key', 'cert.pem', 'key.pem', 'listed'])
    const before = await shown(gate)
    await sleep(LONG)
    t.notOk(gate.log('config.reloaded').length + gate.log('config.refused').length, 'the same files elsewhere are nothing new')

    const settings = JSON.parse(readFileSync(join(gate.folder, 'gate.json'), 'utf8')) as object
    const began = Date.now()
    const taken = await gate.next('config.reloaded', () => { swap({ 'gate.json': JSON.stringify({ ...settings, title: 'Second' }), key: `${young},${old}`, 'cert.pem': client, 'key.pem': clientKey, listed: 'ada@example.com\n' }) })
    const took = Date.now() - began
    t.comment(`in force after ${took} ms`)
    t.ok(took < SOON)
    t.strictSame(new Set(taken['settings'] as string[]), new Set(['oauth-encryption-key', 'ssl-certfile', 'ssl-keyfile', 'title', ...(taken['settings'] as string[]).filter(name => name === 'allowed-emails-file')]), 'all at once')
    const second = await shown(gate)
    t.not(second, before)

    await gate.next('config.refused', () => { swap({ 'cert.pem': serverElsewhere, key: `${younger},${young}` }) })
    await sleep(LONG)
    t.equal(gate.log('config.refused').length, 1, 'said once, not again and again')
    t.equal(await shown(gate), second)
    t.strictSame(new Set((await gate.next('config.reloaded', () => { swap({ 'key.pem': serverKey }) }))['settings'] as string[]), new Set(['oauth-encryption-key', 'ssl-certfile', 'ssl-keyfile']))
    t.notOk([before, second].includes(await shown(gate)))
    t.equal(gate.log('config.reloaded').length, 2)
    for (const key of [old, young, younger]) t.notOk(gate.said().includes(key.slice(0, 20)))
  })

  t.test(`with ${workers}: settings that are written slowly, empty, or gone for a moment let in nobody else, and are taken once they are whole`, async t => {
    const list = { title: 'After', allowed_emails: ['ada@example.com'] }
    const gate = await serveGate(t, { workers, settings: { allowed_emails: ['ada@example.com', 'ben@example.com'] } })
    const path = join(gate.folder, 'gate.json')
    const { half, rest } = asLines(gate, list)
    const [ada, ben] = await signedIn(t, gate, () => gate.next('config.reloaded', () => { gate.change({ allowed_emails: list.allowed_emails }) }))
    const [ofAda, ofBen] = [watch(gate, ada), watch(gate, ben)]
    const socket = await openSocket(gate.origin, ada)
    await sleep(LONG)

    writeFileSync(path, half) // by its form a whole one, by which everybody may enter
    await sleep(1_000)
    t.strictSame((await gate.next('config.reloaded', () => { writeFileSync(path, half + rest) }))['settings'], ['title'])
    await sleep(LONG)
    writeFileSync(path, '')
    await sleep(600)
    rmSync(path)
    await sleep(600)
    t.strictSame((await gate.next('config.reloaded', () => { writeFileSync(path, half + rest.replace('After', 'Later')) }))['settings'], ['title'])
    t.notOk(gate.log('config.refused').length, 'what is under way is not judged')

    t.match((await gate.next('config.refused', () => { writeFileSync(path, '') }))['problems'], [/empty/])
    await sleep(LONG)
    t.match((await gate.next('config.refused', () => { rmSync(path) }))['problems'], [/does not exist/])
    await sleep(LONG)
    t.equal(gate.log('config.refused').length, 2)
    t.strictSame((await gate.next('config.reloaded', () => { writeFileSync(path, half + rest.replace('After', 'Last')) }))['settings'], ['title'])
    t.ok(await socket.echoes())
    t.strictSame([await ofAda(), await ofBen()], [[200], [403]], 'at no time anybody else')
  })

  t.test(`with ${workers}: while a list is written nobody comes in by half of it, nor goes; an empty one is nobody, also for what else is read meanwhile`, async t => {
    const gate = await serveGate(t, { workers, files: { listed: 'cleo@example.com\nada@example.com\nben@example.com\n' }, settings: { allowed_emails_file: 'listed' } })
    const path = join(gate.folder, 'listed')
    const [ada, ben] = await signedIn(t, gate, async () => {
      writeFileSync(path, 'cleo@example.com\nada@example.com\n')
      while (gate.log('policy.reloaded').length < workers) await sleep(25) // each worker says it for itself
    })
    const [ofAda, ofBen] = [watch(gate, ada), watch(gate, ben)]
    await sleep(LONG)
    writeFileSync(path, 'cleo@example.com\n')
    gate.change({ title: 'After' })
    await sleep(1_000)
    await gate.next('config.reloaded', () => { writeFileSync(path, 'cleo@example.com\nada@example.com\ndora@example.com\n') })
    await sleep(LONG)
    // The second change is heard of by itself, or with the settings that are read at that moment.
    t.ok(gate.log('policy.reloaded').length <= 2 * workers && gate.log('policy.refused').length === 0, 'nobody has heard of what it was meanwhile')
    t.strictSame(await ofAda(), [200])

    const ended = watch(gate, ada)
    await gate.next('policy.refused', () => { writeFileSync(path, '') })
    t.match((await gate.next('config.refused', () => { gate.change({ title: 'Not yet' }) }))['problems'], [/has no address in it/])
    t.ok((await ended()).includes(403), 'who is not in it is out')
    for (let count = 0; count < 4; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 403)
    t.strictSame(((await gate.next('config.reloaded', () => { writeFileSync(path, 'ada@example.com\n') }))['settings'] as string[]).toSorted(), ['allowed-emails-file', 'title'])
    for (let count = 0; count < 4; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 200)
    t.strictSame(await ofBen(), [403])
  })

  t.test(`with ${workers}: a certificate that came before its key is not shown until the key is there, and the log says what is missing, once`, async t => {
    const gate = await serveGate(t, { workers, https: true, files: { 'cert.pem': server, 'key.pem': serverKey }, settings: { ssl_certfile: 'cert.pem', ssl_keyfile: 'key.pem' } })
    const before = await shown(gate)
    t.match((await gate.next('config.refused', () => { gate.write('cert.pem', client) }))['problems'], [/--ssl-keyfile is not the key of the first certificate in --ssl-certfile/])
    await sleep(LONG)
    t.equal(gate.log('config.refused').length, 1)
    for (let count = 0; count < 4; count++) t.equal(await shown(gate), before)
    t.strictSame((await gate.next('config.reloaded', () => { gate.write('key.pem', clientKey) }))['settings'], ['ssl-certfile', 'ssl-keyfile'])
    for (let count = 0; count < 4; count++) t.not(await shown(gate), before)
    gate.write('key.pem', serverKey)
    await sleep(500)
    await gate.next('config.reloaded', () => { gate.write('cert.pem', server) })
    t.equal(gate.log('config.refused').length, 1, 'where the other comes soon enough nothing is refused')
    t.equal(await shown(gate), before)
  })
}

t.test('the name of a file of passwords that is gone for a moment does not become the password of everybody, nor in a worker that begins meanwhile', async t => {
  const nobody = { oauth_provider: undefined, oauth_issuer: undefined, oauth_key: undefined, oauth_secret: undefined }
  const gate = await serveGate(t, { workers: 2, files: { people: '{"ada": "of-ada-alone"}' }, settings: { ...nobody, basic_auth: 'people' } })
  const path = join(gate.folder, 'people')
  const signIn = async (username: string, password: string) => {
    const visitor = new Visitor()
    const { body } = await visitor.follow(`${gate.origin}/page`)
    const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
    return (await visitor.navigate(`${gate.origin}/oauth2/sign_in`, { form: { state, username, password } })).status
  }
  t.equal(await signIn('ada', 'of-ada-alone'), 303)
  rmSync(path)
  t.match((await gate.next('config.refused', () => { gate.change({ title: 'After' }) }))['problems'], [/--basic-auth|basic_auth/])
  for (const pid of gate.children()) process.kill(pid, 'SIGKILL')
  while (gate.log('worker.listening').length < 2) await sleep(20)
  t.equal(gate.children().length, 2)
  for (let count = 0; count < 4; count++) t.equal(await signIn(`eve${count}`, 'people'), 401)
  t.equal(await signIn('ada', 'of-ada-alone'), 303, 'who was in it before can still come')
  t.strictSame((await gate.next('config.reloaded', () => { writeFileSync(path, '{"ada": "of-ada-alone"}') }))['settings'], ['title'])
  t.equal(await signIn('eve', 'people'), 401)
})
