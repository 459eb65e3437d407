import closeWithGrace, { type CloseWithGraceAsyncCallback, type Options } from 'close-with-grace'

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

/** From now on a signal lets `close` finish what is under way first. */
export function stopWithGrace (options: Options, close: CloseWithGraceAsyncCallback): void {
  closeWithGrace(options, close)
  for (const [signal, leave] of atOnce) process.off(signal, leave)
}
