import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Loaded } from '../config/load.ts'
import { createGate } from '../gate.ts'
import { startBlock } from './start-block.ts'
import { version } from './version.ts'

/** Milliseconds that requests under way are given when the gate is told to stop. */
const GRACE = 10_000

/** `oauth-gate serve`: runs until it is told to stop. @returns the exit code of a start that failed; 0 leaves it running */
export async function serve ({ config, notices }: Loaded): Promise<number> {
  const gate = await createGate(config)
  const listening = await listen(gate, config)
  if (listening === null) return 1
  process.stdout.write(startBlock({ config, version, listening, notices }))
  closeWithGrace({ delay: GRACE }, async ({ err }) => {
    if (err !== undefined) gate.log.fatal({ event: 'gate.crashed', stack: err.stack }, 'a fault of the gate itself: it stops')
    await gate.close()
  })
  return 0
}

async function listen (gate: FastifyInstance, { address, port, sslCertfile }: Loaded['config']): Promise<string | null> {
  try {
    await gate.listen({ host: address, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'something else listens there: choose another --port' : code === 'EACCES' ? 'that needs more rights: choose a --port above 1023' : String(error)
    process.stderr.write(`oauth-gate: cannot listen on ${address}:${port}: ${why}\n`)
    return null
  }
  const bound = gate.server.address() as AddressInfo
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return `${sslCertfile === undefined ? 'http' : 'https'}://${host}:${bound.port}`
}
