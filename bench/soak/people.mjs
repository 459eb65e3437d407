// The people of a soak, in a process of their own: told what is away, they say what is wrong with an answer, and how many there were.
import { setTimeout as sleep } from 'node:timers/promises'
import { act, rest } from './actions.mjs'
import { Person } from './person.mjs'

/** Of a second; together as many, whether they are many or few. */
const ACTIONS = 120
/** Milliseconds. */
const LEAST_PAUSE = 100
/** Sign-ins that a provider on the same machine can do in a second. */
const COME = 20
/** Who has something under way, and of these who signs in. A machine that is slow has fewer requests for it, and none that wait for ever. */
const [BUSY, SIGNING_IN] = [100, 8]

/** Faults that are there now, and those that are over. */
const known = []
const faults = {
  hasOthers: false,
  since: began => known.filter(({ end }) => end === undefined || end >= began).map(({ name }) => name),
  about (began) {
    const names = this.since(began)
    return names.length > 0 ? `, while ${names.join(' and ')}` : ''
  }
}

const counts = new Map()
const latencies = new Map()
const stats = {
  count (kind, ms) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    if (ms === undefined) return
    const found = latencies.get(kind) ?? new Map()
    latencies.set(kind, found)
    const step = Math.round(Math.log(Math.max(ms, 0.1)) * 20) // each is 5 % more than the one before
    found.set(step, (found.get(step) ?? 0) + 1)
  },
  fail (error) { process.send({ failed: error.message ?? String(error), stack: error.foreign === undefined ? error.stack : undefined, foreign: error.foreign === true, late: error.late }) }
}

let people = []
let isResting = true
let wake = () => {}
let awake = new Promise(resolve => { wake = resolve })
let active = 0

/** Has so many at a time do something; the others wait for their turn. */
function atOnce (most) {
  const waiting = []
  let count = 0
  return async work => {
    if (count >= most) await new Promise(resolve => { waiting.push(resolve) })
    else count++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) count--
      else next()
    }
  }
}

const [busy, signingIn] = [atOnce(BUSY), atOnce(SIGNING_IN)]

async function live (person) {
  const pause = Math.max(LEAST_PAUSE, people.length / ACTIONS * 1000)
  await sleep(person.random() * people.length / COME * 1000)
  for (;;) {
    if (isResting) {
      active--
      await rest(person)
      await awake
      active++
    }
    await (person.isSignedIn ? busy : signingIn)(async () => { if (!isResting) await act(person, people) }).catch(stats.fail)
    for (const end = Date.now() + person.random() * 2 * pause; !isResting && Date.now() < end;) await sleep(Math.min(250, Math.max(1, end - Date.now())))
  }
}

process.on('message', async message => {
  if (message.begin !== undefined) {
    const { count, hasOthers, ...options } = message.begin
    faults.hasOthers = hasOthers
    people = Array.from({ length: count }, (_none, index) => new Person(index, { ...options, faults, stats }))
    active = count
    isResting = false
    for (const person of people) void live(person)
  } else if (message.fault !== undefined) {
    known.push({ name: message.fault })
    process.send({ heard: message.fault })
  } else if (message.over !== undefined) {
    for (const fault of known) if (fault.name === message.over) fault.end ??= Date.now()
  } else if (message.mayEnd !== undefined) {
    people[message.mayEnd]?.mayEndSoon()
  } else if (message.rest === true) {
    awake = new Promise(resolve => { wake = resolve })
    isResting = true
    while (active > 0) await sleep(50)
    await Promise.all(people.map(rest))
    process.send({ resting: true, counts: [...counts], latencies: [...latencies].map(([kind, steps]) => [kind, [...steps]]) })
  } else if (message.rest === false) {
    isResting = false
    wake()
  }
})
process.on('disconnect', () => process.exit())
