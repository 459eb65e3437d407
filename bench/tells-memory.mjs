// Loaded into each process of a gate that is measured: on SIGIO it clears up, and writes what is left.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

process.on('SIGIO', () => {
  for (let count = 0; count < 3; count++) globalThis.gc()
  const { rss, heapUsed, external } = process.memoryUsage() // what is external has the buffers in it
  writeFileSync(join(process.env.BENCH_FOLDER, `${process.pid}.json`), JSON.stringify({ rss, held: heapUsed + external }))
})
