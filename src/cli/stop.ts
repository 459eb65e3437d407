import closeWithGrace, { type CloseWithGraceAsyncCallback, type Options } from 'close-with-grace'

/** Milliseconds that requests under way are given when the gate is told to stop; `docker stop` kills after ten seconds. */
export const GRACE = 8000

const atOnce = [
  ['SIGTERM', () => process.exit(143)],
  ['SIGINT', () => process.exit(130)]
] as const

/**
 * Until `stopWithGrace`, a signal ends the process. Elsewhere the system would; process 1 of a container has no default,
 * and would not hear that it is told to stop while it starts.
 */
export function stopAtOnce (): void {
  for (const [signal, leave] of atOnce) process.on(signal, leave)
}

/** SIGHUP means that the settings are to be read again, as with other servers; it stops nothing any more. */
export function reloadOnHangUp (reload: () => void): void {
  process.on('SIGHUP', reload)
}

/** From now on a signal lets `close` finish what is under way first. */
export function stopWithGrace (options: Options, close: CloseWithGraceAsyncCallback): void {
  closeWithGrace(options, close)
  for (const [signal, leave] of atOnce) process.off(signal, leave)
}
