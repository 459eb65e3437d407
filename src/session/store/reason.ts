import { DEADLINE } from './clients.ts'

/** What the client library says of itself when somebody asks while it has no connection: not why it has none. */
const ITS_OWN = /enableOfflineQueue|max retries per request|^Connection is closed\.?$|^The client is closed|^None of startup nodes/i

/** Before anything else is known. */
export function unanswered (tls: boolean): string {
  return `no answer within ${DEADLINE} ms${tls ? ' to the beginning of TLS: does the server speak it at this port?' : ''}`
}

/** It was there, and hung up before it was of use. */
export function hungUp (tls: boolean): string {
  return tls
    ? 'the connection was closed during the handshake: does the server speak TLS at this port?'
    : 'the connection was closed before it answered as a Redis does: is it one, and does it want TLS?'
}

/**
 * In the server's words, or the client's. None of them holds a password: what a command was given is not among them.
 *
 * @returns undefined where they say nothing of the cause
 */
export function reasonOf (error: unknown): string | undefined {
  const { message = '', code, lastNodeError } = error as Error & { code?: unknown, lastNodeError?: Error }
  const text = plain(message)
  if (ITS_OWN.test(text)) return undefined
  if (text === '') return typeof code === 'string' ? code : undefined
  return lastNodeError === undefined ? text : `${text} (${plain(lastNodeError.message)})`
}

/** OpenSSL's sentences begin with the number of a thread and end with a line of its sources; the client's are for whoever programs. */
function plain (message: string): string {
  return message
    .replace(/^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:(.*?):[^:]*\.c:\d+:.*/s, '$1')
    .replace(/^Socket timeout\..*/s, `no answer within ${DEADLINE} ms`)
    .replace(/\.? Please report this\./, '')
    .trim()
}
