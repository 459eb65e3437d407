// Measures what docs/scale.md says in figures, and prints its tables: npm run types && node bench/scale.mjs [commands] [room] [memory] [load] [outage]
// It needs redis-server and wrk, and takes some minutes. Others who use the machine make it slower, and change little of processor time and bytes.
import { availableParallelism, cpus } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { measureCommands } from './commands.mjs'
import { measureLoad } from './load.mjs'
import { measureOutage } from './outage.mjs'
import { measureGateRoom, measureRedisRoom, measureRevocations } from './room.mjs'
import { startWorld } from './world.mjs'

setFlagsFromString('--expose-gc')
globalThis.gc = runInNewContext('gc')

const parts = {
  commands: measureCommands,
  async room (world) {
    await measureRedisRoom(world)
    await measureRevocations()
  },
  memory: measureGateRoom,
  load: measureLoad,
  outage: measureOutage
}
const chosen = process.argv.slice(2)
const wrong = chosen.filter(name => !(name in parts))
if (wrong.length > 0) throw new Error(`${wrong.join(', ')}: there are ${Object.keys(parts).join(', ')}`)

console.log(`Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0].model.trim()})`)
for (const name of chosen.length > 0 ? chosen : Object.keys(parts)) {
  const world = await startWorld()
  try {
    await parts[name](world)
  } finally {
    await world.close()
  }
}
process.exit() // whatever a client of this process still waits for
