import { Duplex } from 'node:stream'
import t from 'tap'
import type { buildConnector, Dispatcher } from 'undici'
import { createAppConnections } from '../../src/proxy/client/connections.ts'
import { until } from './setup.ts'

/** A connection that, as those of the system, says that it is closed long after it was. */
class Wire extends Duplex {
  asked = 0

  override _read (): void {}

  override _write (_chunk: Buffer, _encoding: string, written: () => void): void {
    this.asked++
    written()
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    setTimeout(() => { done(error) }, 50)
  }

  ref (): void {}

  unref (): void {}
}

function start () {
  const wires: Wire[] = []
  const connect = (_options: buildConnector.Options, done: buildConnector.Callback): void => {
    const wire = new Wire()
    wires.push(wire)
    setImmediate(() => { done(null, wire as unknown as Parameters<typeof done>[1] & object) })
  }
  return { wires, connections: createAppConnections({ connect: connect as buildConnector.connector, origin: new URL('http://app.example'), maxHeaderSize: 4_096, timeout: 5_000 }) }
}

const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

for (const [name, spoil] of [
  ['said something unasked', (wire: Wire) => wire.push('late')], ['was ended', (wire: Wire) => wire.push(null)]
] as const) {
  t.test(`a connection on which the app ${name} is asked nothing, also while nobody has been told that it is closed`, async t => {
    const { wires, connections } = start()
    const told: string[] = []
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart () { told.push('asked') },
      onResponseEnd () { told.push('answered') },
      onResponseError (_controller, error) { told.push(error.message) }
    }
    const ask = () => { connections.ask({ path: '/', headers: [] }, handler) }
    ask()
    await until(() => wires[0]?.asked === 1)
    wires[0]?.push(WHOLE)
    await until(() => told.length === 2)
    if (wires[0] !== undefined) spoil(wires[0])
    process.nextTick(ask)
    await until(() => wires[1]?.asked === 1)
    wires[1]?.push(WHOLE)
    await until(() => told.length === 4)
    t.strictSame([told, wires.map(({ asked }) => asked)], [['asked', 'answered', 'asked', 'answered'], [1, 1]])
    connections.destroy()
  })
}
