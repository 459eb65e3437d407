import { pino, type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'

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
  const stream = readable ? pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true }) : destination
  return pino({ level, base: worker === undefined ? null : { worker }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: label => ({ level: label }) } }, ...stream === undefined ? [] : [stream])
}
