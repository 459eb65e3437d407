// What goes wrong around the gate while people use it, one after the other. People are told first, so that they know what may come of it.
import { once } from 'node:events'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds that something is away. */
const AWAY = 1500
const FAILS = 3000
/** The gate waits for a provider for ten seconds; what has begun at the last moment ends after as many. */
const HANGS = 11_000
const PATIENCE = 30_000
/** How often in turn a gate is found ready before it is, and how long a worker may need that was not asked. */
const [ASKED, FINDS_IT] = [20, 3000]

/** @returns what can go wrong in this world, each as what people may see of it and what does it */
function faultsOf ({ app, tokens, redis, gate }) {
  const by = async (way, time) => {
    tokens.way = way
    await sleep(time)
    tokens.way = 'passes'
  }
  // Each worker has a connection of its own, and nobody can choose whom to ask.
  const answers = async () => {
    let inTurn = 0
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
      inTurn = await isReady(gate) ? inTurn + 1 : 0
      if (inTurn === ASKED) return await sleep(FINDS_IT)
    }
    throw new Error(`the gate is not ready ${PATIENCE} ms after the Redis is back`)
  }
  let changes = 0
  return [
    ['the app is away', async () => {
      await app.end()
      await sleep(AWAY)
      await app.begin()
    }],
    ['tokens fail', () => by('fails', FAILS)],
    [null, async () => {
      gate.change({ title: `Soak ${++changes}` })
      gate.signal('SIGHUP')
      await sleep(AWAY)
    }, 'a new configuration'],
    ['tokens are lost', () => by('lost', AWAY)],
    ...redis === undefined ? [] : [
      ['the Redis is away', async () => {
        await redis.kill()
        await sleep(AWAY)
        await redis.restart()
        await answers()
      }, 'the Redis is killed and starts again'],
      ['the Redis is away', async () => {
        redis.freeze()
        await sleep(2 * AWAY)
        redis.thaw()
        await answers()
      }, 'the Redis hangs']
    ],
    ['tokens hang', async () => {
      await by('hangs', AWAY)
      await sleep(HANGS)
    }]
  ]
}

export async function isReady ({ origin }) {
  return await knock(`${origin}/ready`).then(status => status === 200, () => false)
}

/** By a connection that ends with the answer. @returns its status */
export async function knock (address) {
  const [answer] = await once(get(address, { agent: false }), 'response')
  await once(answer.resume(), 'close')
  return answer.statusCode
}

/** @param tell has the people know, and waits until they do @param pause milliseconds from one to the next */
export function startFaults (world, { tell, over, pause, failed }) {
  const faults = faultsOf(world)
  const counts = {}
  let [isRunning, at] = [true, 0]
  let run = Promise.resolve()
  const goOn = async () => {
    while (isRunning) {
      for (const end = Date.now() + pause; isRunning && Date.now() < end;) await sleep(100)
      if (!isRunning) return
      const [seen, happen, name = seen] = faults[at++ % faults.length]
      if (seen !== null) await tell(seen)
      await happen()
      if (seen !== null) over(seen)
      counts[name] = (counts[name] ?? 0) + 1
    }
  }
  const start = () => {
    isRunning = true
    run = goOn().catch(failed)
  }
  return {
    counts, start,
    async stop () {
      isRunning = false
      await run
    }
  }
}
