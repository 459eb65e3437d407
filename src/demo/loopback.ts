import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Thrown at start with a sentence for the terminal: nothing is listening yet, or no longer. */
export class DemoRefused extends Error {
  override readonly name = 'DemoRefused'
}

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/

/** @throws {DemoRefused} for any address that another machine could reach */
export function requireLoopback (address: string): void {
  if (loopback.test(address)) return
  throw new DemoRefused(`The demo signs in anybody as anybody, so it only listens on this machine: ${address} is not a loopback address.`)
}

/**
 * Listens on an address that only this machine reaches.
 *
 * @returns the port, and `close`, which also ends what is still streaming or upgraded
 * @throws {DemoRefused} the address is not loopback, or `localhost` means something else on this machine, or the port is taken
 */
export async function listenOnLoopback (server: Server, port: number, address: string): Promise<{ port: number, close: () => Promise<void> }> {
  requireLoopback(address)
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => { reject(new DemoRefused(`Cannot listen on ${address}, port ${port}: ${cause.message}`, { cause })) })
    server.listen(port, address, resolve)
  })
  const bound = server.address() as AddressInfo
  const close = () => new Promise<void>(resolve => {
    server.close(() => { resolve() })
    for (const socket of sockets) socket.destroy() // upgraded ones too, which the server no longer counts as its own
  })
  if (!loopback.test(bound.address)) {
    await close()
    throw new DemoRefused(`${address} is ${bound.address} on this machine, which is not loopback.`)
  }
  return { port: bound.port, close }
}
