// Many people use a gate for as long as one likes while everything around it fails now and then: npm run soak -- [--seconds=600] [--people=500] [--seed=…] [--workers=1] [--store=cookie|memory|redis] [--file=FILE] [--write]
// Every answer is looked at by whom it is for. Ends with 1 where one was not theirs, or not what it should be, or where the gate has leaked.
import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort } from '../build/test/fixtures/gate.js'
import { startApp } from './soak/app.mjs'
import { isReady, knock, startFaults } from './soak/faults.mjs'
import { watchLags } from './soak/lags.mjs'
import { resultOf, textOf, writeTable } from './soak/report.mjs'
import { differences, judge, RESTS } from './soak/rules.mjs'
import { startTokens } from './soak/tokens.mjs'
import { filesOf, residentOf } from './soak/watch.mjs'
import { emailOf, loginOf, subjectOf } from './soak/words.mjs'
import { startWorld } from './world.mjs'

const entry = fileURLToPath(new URL('../bin/oauth-gate.js', import.meta.url))
const COOKIE = 'site'
/** Seconds of an access token, which is renewed after three quarters of them; of a sign-in; until an app has to begin its answer. */
const [TOKEN_LIFE, LIFE, APP_TIME] = [40, 180, 15]
/** Milliseconds: between two looks at memory, and for what closes by itself once nobody is there. */
const [EVERY, SETTLES] = [1000, 60_000]
/** Connections that are there for a request alone. */
const PASSING = ['people', 'app', 'provider', 'tokens', 'elsewhere']
/** Of the time that an answer took: where app and provider, which are in this process, were themselves not let to run for so much of it, it is not the gate that was late. */
const HELD_UP = 0.2
/** Failures after which it is not worth going on. */
const ENOUGH = 10

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, people: { type: 'string', default: '500' }, seed: { type: 'string' }, workers: { type: 'string', default: '1' }, store: { type: 'string', default: 'cookie' }, file: { type: 'string' }, write: { type: 'boolean', default: false } } })
const numberOf = name => {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name}=${values[name]} is no number above 0`)
  return number
}
const [seconds, people, workers, seed] = [numberOf('seconds'), numberOf('people'), numberOf('workers'), values.seed === undefined ? randomInt(1, 2 ** 31) : numberOf('seed')]
const { store } = values
if (!['cookie', 'memory', 'redis'].includes(store)) throw new Error(`--store=${store} is none of cookie, memory, redis`)
const milliseconds = seconds * 1000

const failures = []
let stop = () => {}
const stopped = new Promise(resolve => { stop = resolve })
function fail (sentence, isTheEnd = false) {
  failures.push(sentence)
  if (failures.length > ENOUGH) return
  console.error(`FAILED ${sentence}`)
  // What the gate says of it may come a moment later.
  setTimeout(() => { for (const line of latest.get(emailOf(/person (\d+)/.exec(sentence)?.[1])) ?? []) console.error(`  the gate has said: ${line}`) }, 1000)
  if (isTheEnd || failures.length >= ENOUGH) stop()
}

/** What the gate says of itself: how often each of its errors, and whatever it did not expect. */
const said = new Map()
/** Its latest lines about each person. */
const latest = new Map()
const LATEST = 5
let rest = ''
function heard (chunk) {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()
  for (const line of lines) {
    if (/GATE_UNEXPECTED|"gate\.crashed"|"worker\./.test(line)) fail(`the gate says ${line}`)
    const { 1: code } = /"code":"(GATE_\w+)"/.exec(line) ?? /"event":"(session\.\w+)"/.exec(line) ?? []
    if (code !== undefined) said.set(code, (said.get(code) ?? 0) + 1)
    const { 1: id } = /"reqId":"([^"]+)"/.exec(line) ?? []
    if (id !== undefined && failures.some(sentence => sentence.includes(`as ${id}`))) console.error(`  the gate says: ${line}`)
    const { 1: user } = /"user":"([^"]*)"/.exec(line) ?? []
    if (user !== undefined && !line.includes('"event":"request.finished"')) latest.set(user, [...latest.get(user) ?? [], line].slice(-LATEST))
  }
}

const world = await startWorld()
try {
  process.exitCode = await soak() ? 0 : 1
} finally {
  await world.close()
}
process.exit() // whatever a client of this process still waits for

async function soak () {
  console.log(`${people} people for ${seconds} s, sessions in ${store}, ${workers} worker${workers > 1 ? 's' : ''}, --seed=${seed}`)
  const crowd = Array.from({ length: people }, (_none, index) => ({ login: loginOf(index), about: 'one of many', claims: { sub: subjectOf(index), name: `Person ${index}`, preferred_username: loginOf(index), email: emailOf(index), email_verified: true } }))
  const provider = await world.provider({ people: crowd, refreshTokens: true, accessTokenLife: TOKEN_LIFE, capacity: 100_000 })
  const app = await startApp(await freePort(), { cookieName: COOKIE, wrong: sentence => fail(sentence, true) })
  const child = fork(fileURLToPath(new URL('soak/people.mjs', import.meta.url)))
  world.t.teardown(() => { child.kill('SIGKILL') })
  const tokens = await startTokens(provider, { lost: subject => { if (subject !== undefined) child.send({ mayEnd: crowd.findIndex(({ claims: { sub } }) => sub === subject) }) } })
  world.t.teardown(() => tokens.close())
  const redis = store === 'redis' ? await world.redis(['--appendonly', 'yes', '--appendfsync', 'always', '--dir', world.folder]) : undefined
  const [gate] = await world.gates(provider, {
    upstream: app.url, upstream_timeout: APP_TIME, oauth_token_url: tokens.url, oauth_refresh_tokens: true, oauth_expiry_days: String(LIFE / 86_400).slice(0, 8), session_store: redis?.url ?? store, cookie_name: COOKIE
  }, { workers, entry, heard })
  const ended = gate.ended.then(([status, signal]) => { if (!isOver) fail(`the gate has ended with ${status ?? signal}`, true) })
  let isOver = false
  const ports = { people: Number(new URL(gate.origin).port), app: app.port, provider: Number(new URL(provider.issuer).port), tokens: tokens.port, redis: redis?.port }

  const answers = name => new Promise(resolve => {
    const hear = message => {
      if (message[name] === undefined) return
      child.off('message', hear)
      resolve(message)
    }
    child.on('message', hear)
  })
  const lags = watchLags()
  child.on('message', ({ failed, foreign, stack, late }) => {
    if (failed === undefined) return
    if (late !== undefined && lags.within(...late) >= HELD_UP * (late[1] - late[0])) lags.excused++
    else fail(stack ?? failed, foreign)
  })
  child.on('exit', code => { if (!isOver) fail(`the people have ended with ${code}`, true) })

  const faults = startFaults({ app, tokens, redis, gate }, {
    pause: Math.min(15_000, milliseconds / 30), failed: error => fail(error.stack, true),
    async tell (fault) {
      const heard = answers('heard')
      child.send({ fault })
      await heard
    },
    over: fault => child.send({ over: fault })
  })

  const files = () => filesOf(gate.pids(), ports)
  /** What is there while nobody is: after what closes by itself has closed. */
  async function measure (wanted) {
    let found = files()
    const isSettled = () => wanted === undefined ? PASSING.every(kind => found[kind] === undefined) : differences(found, wanted).length === 0
    for (const end = Date.now() + SETTLES; !isSettled() && Date.now() < end; found = files()) await sleep(250)
    let held = 0
    for (const pid of gate.pids()) held += (await gate.memory(pid)).held
    return { held, resident: gate.pids().reduce((sum, pid) => sum + residentOf(pid), 0), files: found }
  }

  while (!await isReady(gate)) await sleep(50)
  await measure() // what is made for looking alone is there from then on
  const before = await measure()
  const samples = []
  const pings = []
  const start = Date.now()
  const sampling = setInterval(() => {
    samples.push({ at: Date.now() - start, resident: gate.pids().reduce((sum, pid) => sum + residentOf(pid), 0), files: Object.values(files()).reduce((sum, count) => sum + count, 0) })
    const asked = performance.now()
    knock(`${gate.origin}/ping`).then(status => status === 200 ? pings.push(performance.now() - asked) : fail(`/ping gets ${status}`), error => fail(`/ping: ${error}`))
  }, EVERY)
  child.send({ begin: { count: people, gate: gate.origin, life: LIFE * 1000, seed, hasOthers: workers > 1 } })
  faults.start()
  const rests = []
  let counted
  for (const share of RESTS) {
    const timer = new AbortController()
    await Promise.race([sleep(Math.max(0, start + share * milliseconds - Date.now()), undefined, { signal: timer.signal }).catch(() => {}), stopped])
    timer.abort()
    await faults.stop()
    const resting = answers('resting')
    child.send({ rest: true })
    counted = await Promise.race([resting, sleep(2 * SETTLES, undefined, { ref: false })])
    if (counted === undefined) {
      fail('people do not come to rest: something is open that does not close')
      break
    }
    rests.push({ at: Date.now() - start, ...await measure(before.files) })
    console.log(`after ${Math.round((Date.now() - start) / 1000)} s: ${(rests.at(-1).held / 1e6).toFixed(1)} MB held, ${JSON.stringify(rests.at(-1).files)}`)
    if (failures.length > 0) break
    if (share < 1) {
      child.send({ rest: false })
      faults.start()
    }
  }
  clearInterval(sampling)
  const cpu = gate.cpu()
  const processes = gate.pids().length
  isOver = true
  gate.signal('SIGTERM')
  await Promise.race([gate.ended.then(([status, signal]) => { if (status !== 0) fail(`the gate ends with ${status ?? signal}`) }), sleep(SETTLES, undefined, { ref: false })])
  await ended
  child.kill('SIGKILL')
  await once(child, 'exit')
  const rules = rests.length === RESTS.length ? judge({ milliseconds, processes, before, rests, samples }) : []
  for (const { name, holds, figures } of rules) if (!holds) fail(`${name}: ${figures}`)
  const result = resultOf({ settings: { seconds, people, workers, store, seed }, failures, before, rests, samples, pings, counted, faults: faults.counts, requests: app.told.requests, refreshed: tokens.asked, said, rules, cpu, lags })
  console.log(textOf(result))
  if (values.file !== undefined) writeFileSync(values.file, `${JSON.stringify(result, undefined, 2)}\n`)
  if (values.write && failures.length === 0) writeTable(result)
  await app.end()
  return failures.length === 0
}
