import type { Loaded } from '../config/load.ts'
import { createGate } from '../gate.ts'
import { listen } from './listen.ts'
import { startBlock } from './start-block.ts'
import { stopWithGrace } from './stop.ts'
import { version } from './version.ts'

/** Milliseconds that requests under way are given when the gate is told to stop; `docker stop` kills after ten seconds. */
const GRACE = 8000

/** `oauth-gate serve`: runs until it is told to stop. @returns the exit code of a start that failed; 0 leaves it running */
export async function serve ({ config, notices }: Loaded): Promise<number> {
  const gate = await createGate(config)
  const listening = await listen(gate, config)
  if (listening === null) return 1
  process.stdout.write(startBlock({ config, version, listening, notices }))
  stopWithGrace({ delay: GRACE }, async ({ err }) => {
    if (err !== undefined) gate.log.fatal({ event: 'gate.crashed', stack: err.stack }, 'a fault of the gate itself: it stops')
    await gate.close()
  })
  return 0
}
