// What a gate asks of a Redis: counted by its own MONITOR, without what scripts do inside it and without the beat that each process has.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { signIn, signOut, table } from './world.mjs'
import { Visitor } from '../build/test/fixtures/visitor.js'

const LIFE = 14 // seconds of an access token, which is renewed after three quarters of them
const isBeat = ([command, channel]) => command === 'publish' && /^oauth-gate:words:/.test(channel)

async function watch (redis) {
  const heard = { commands: [], beats: 0 }
  const monitor = await new Redis(redis.url).monitor()
  monitor.on('monitor', (_time, args, source) => {
    const words = [args[0].toLowerCase(), ...args.slice(1)]
    if (source === 'lua' || words[0] === 'monitor') return
    if (isBeat(words)) heard.beats++
    else heard.commands.push(words[0].toUpperCase())
  })
  return {
    async count (work) {
      await sleep(300)
      heard.commands = []
      await work()
      await sleep(300)
      const kinds = [...new Set(heard.commands)].sort().map(kind => `${heard.commands.filter(command => command === kind).length} ${kind}`)
      return kinds.length === 0 ? '0' : `${heard.commands.length}: ${kinds.join(', ')}`
    },
    async idle (seconds) {
      [heard.beats, heard.commands] = [0, []]
      await sleep(seconds * 1000)
      return { beats: heard.beats / seconds, others: heard.commands.length }
    },
    close: () => monitor.disconnect()
  }
}

export async function measureCommands (world) {
  const ways = [['--session-store=redis', { session_store: true }], ['--revocation-store', { revocation_store: true }]]
  const columns = []
  for (const [, settings] of ways) {
    const redis = await world.redis()
    const provider = await world.provider({ refreshTokens: true, accessTokenLife: LIFE })
    const url = Object.fromEntries(Object.keys(settings).map(key => [key, redis.url]))
    const [one, other] = await world.gates(provider, { ...url, oauth_refresh_tokens: true }, { count: 2 })
    const { count, idle, close } = await watch(redis)
    const rest = await idle(5)
    let visitor
    const signedIn = await count(async () => { visitor = await signIn(one) })
    const get = async (gate, who = visitor, wanted = 200) => {
      const { status } = await who.navigate(`${gate.origin}/page`)
      if (status !== wanted) throw new Error(`a request was answered ${status}`)
    }
    const first = await count(() => get(other))
    await get(one)
    const warm = await count(async () => { for (let index = 0; index < 20; index++) await get(one) })
    await sleep(1200)
    const second = await count(() => get(one))
    await sleep(LIFE * 750)
    const copy = new Visitor()
    copy.cookies.set('127.0.0.1', new Map(visitor.cookies.get('127.0.0.1')))
    const refreshed = await count(() => get(one))
    const elsewhere = await count(() => get(other, copy))
    const signedOut = await count(() => signOut(visitor, one))
    const after = await count(() => get(other, copy, 302))
    const ready = await count(() => visitor.ask(`${one.origin}/ready`))
    columns.push([signedIn, first, warm, second, refreshed, elsewhere, signedOut, after, ready, `${(rest.beats / 2).toFixed(1)} a second (PUBLISH), else ${rest.others}`])
    close()
    for (const gate of [one, other]) await gate.stop()
  }
  const rows = ['a whole sign-in, its first page with it', 'a session’s first request in another process', '20 requests within a second', 'a request more than a second later', 'a refresh', 'the first request after it in another process, by the old cookie', 'a sign-out', 'a request with a copy of that cookie, in another process', '/ready', 'a process that nobody asks']
  table('Commands to the Redis', ['', ...ways.map(([name]) => name)], rows.map((name, row) => [name, ...columns.map(column => column[row])]))
}
