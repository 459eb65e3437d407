import { fstatSync } from 'node:fs'
import { pino, type DestinationStream, type Logger } from 'pino'
import { loadPretty } from './on-demand.ts'
import { outside } from './outside.ts'

export interface LogOptions {
  readonly level: string
  /** `auto`: pretty on a terminal, JSON into a pipe or a file. */
  readonly format: 'auto' | 'json' | 'pretty'
  readonly destination?: DestinationStream
  /** Which of several processes it is, said in each line. */
  readonly worker?: number | undefined
}

/**
 * The shape of every line: fields first, among them an `event` with a stable name, then a constant sentence.
 * What is secret has no field: no token, code, cookie or query string is ever handed to a logger.
 */
export function createLogger ({ level, format, destination, worker }: LogOptions): Logger {
  const readable = format === 'pretty' || (format === 'auto' && destination === undefined && process.stdout.isTTY === true)
  const stream = readable ? loadPretty()({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true }) : destination
  return pino({ level, base: worker === undefined ? null : { worker }, timestamp: createTimestamps(), formatters: { level: label => ({ level: label }) } }, stream ?? standardOutput())
}

/** What the log says of a request that has its answer; what is undefined is left out. */
export interface RequestLine {
  readonly reqId: string
  readonly method: string | undefined
  /** Without its query: codes, tokens and search terms live there. */
  readonly path: string
  readonly status: number
  /** Milliseconds. */
  readonly ms: number
  readonly address: string | undefined
  readonly user: string | undefined
}

const { symbols } = pino

/** What a logger of pino's says in no other way. */
interface Inside {
  /** What stands in every line of it, as JSON with a comma in front. */
  readonly [symbols.chindingsSym]: string
  readonly [symbols.streamSym]: DestinationStream
  /** The time, likewise. */
  readonly [symbols.timeSym]: () => string
}

/**
 * Writes one line a request. Put together here, in the shape of all others, since a logger of its own for each request and a walk through its
 * fields take three times as long.
 *
 * @param log as `createLogger` makes it
 */
export function createRequestLog (log: Logger): (line: RequestLine) => void {
  const inside = log as unknown as Inside
  return ({ reqId, method, path, status, ms, address, user }) => {
    if (!log.isLevelEnabled('info')) return
    const who = user === undefined ? '' : `,"user":${JSON.stringify(user)}`
    const where = address === undefined ? '' : `,"address":${JSON.stringify(address)}`
    inside[symbols.streamSym].write(`{"level":"info"${inside[symbols.timeSym]()}${inside[symbols.chindingsSym]},"reqId":"${reqId}","event":"request.finished","method":"${method ?? ''}","path":${JSON.stringify(path)},"status":${status},"ms":${ms}${where}${who},"msg":"request"}\n`)
  }
}

/** Bytes that a pipe takes whole (POSIX PIPE_BUF): other processes of ours write to the same one. */
const WHOLE = 4_000

type SonicBoom = ReturnType<typeof pino.destination>

let shared: DestinationStream | undefined

function standardOutput (): DestinationStream {
  // A file is always ready. Who reads a pipe may stop, and must not stop the gate by that, so there another thread waits.
  return shared ??= inOneWrite(pino.destination({ dest: 1, sync: fstatSync(1).isFile(), maxWrite: WHOLE }))
}

/** The lines of one turn of the event loop together: under load a write for each would cost as much as all else that is logged. */
function inOneWrite (out: SonicBoom): DestinationStream & { flushSync (): void } {
  let [waiting, bytes] = ['', 0]
  const flush = (): void => {
    const lines = waiting
    waiting = ''
    bytes = 0
    if (lines !== '') out.write(lines)
  }
  process.prependListener('exit', flush) // before that of pino, which writes what is left and closes
  return {
    write (line) {
      const more = Buffer.byteLength(line)
      if (bytes + more > WHOLE) flush()
      if (waiting === '') setImmediate(flush)
      waiting += line
      bytes += more
    },
    /** pino asks for it behind what is fatal. */
    flushSync () {
      flush()
      out.flushSync()
    }
  }
}

/** Many lines have the same millisecond. */
function createTimestamps (): () => string {
  let [at, text] = [NaN, '']
  return () => {
    const now = outside.now()
    if (now !== at) [at, text] = [now, `,"time":"${new Date(now).toISOString()}"`]
    return text
  }
}
