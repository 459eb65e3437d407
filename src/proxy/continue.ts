import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const waiting = new WeakSet<IncomingMessage>()

/**
 * Lets a client that sent `Expect: 100-continue` (RFC 9110 §10.1.1) wait until its body is wanted: until the upstream is there to take it.
 * Without this, Node tells it to go on before anybody has asked who it is.
 */
export function holdContinue (server: Server): void {
  server.on('checkContinue', (request, response) => {
    waiting.add(request)
    server.emit('request', request, response)
  })
}

/** The body is wanted now. Who did not ask is told nothing. */
export function proceed (request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue()
}
