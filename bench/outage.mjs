// How long it takes: until what happened at one gate counts at the other, and until a Redis that is away, or back, is noticed.
import { setTimeout as sleep } from 'node:timers/promises'
import { median, signIn, signOut, table } from './world.mjs'

const ROUNDS = 3

/** Milliseconds until the answer is as it shall be. */
async function until (ask, wanted) {
  const start = performance.now()
  for (;;) {
    const { status } = await ask()
    if (status === wanted) return performance.now() - start
    if (performance.now() - start > 60_000) throw new Error(`still ${status} instead of ${wanted}`)
    await sleep(5)
  }
}

export async function measureOutage (world) {
  const columns = []
  const ways = [['--session-store=redis', 'session_store'], ['--revocation-store', 'revocation_store']]
  for (const [, setting] of ways) {
    const rounds = []
    for (let round = 0; round < ROUNDS; round++) {
      const redis = await world.redis(['--appendonly', 'yes', '--appendfsync', 'always', '--dir', world.folder, '--appenddirname', `${setting}${round}`])
      const [one, other] = await world.gates(await world.provider(), { [setting]: redis.url }, { count: 2 })
      const [ada, ben] = [await signIn(one), await signIn(one, 'ben')]
      const ask = (gate, visitor) => () => visitor.ask(`${gate.origin}/page`)
      await until(ask(other, ada), 200)
      await until(ask(other, ben), 200)
      const left = signOut(ada, one).then(() => performance.now())
      const copy = { ask: () => ada.ask(`${other.origin}/page`) }
      const measured = []
      await left
      measured.push(await until(() => copy.ask(), 401))
      redis.freeze()
      measured.push(await until(ask(other, ben), 503))
      await sleep(10_000)
      redis.thaw()
      measured.push(await until(ask(other, ben), 200))
      await redis.kill()
      measured.push(await until(ask(other, ben), 503))
      await sleep(10_000)
      await redis.restart()
      measured.push(await until(ask(other, ben), 200))
      rounds.push(measured)
      for (const gate of [one, other]) await gate.stop()
      await redis.kill()
    }
    columns.push(rounds[0].map((_value, index) => `${Math.round(median(rounds.map(round => round[index])))} ms`))
  }
  const rows = ['from a sign-out at one gate to 401 at the other', 'from a Redis that hangs to 503', 'from one that answers again, after 10 s, to 200', 'from one that was killed to 503', 'from one that was started again, after 10 s, to 200']
  table(`Until it is noticed, median of ${ROUNDS}`, ['', ...ways.map(([name]) => name)], rows.map((name, row) => [name, ...columns.map(column => column[row])]))
}
