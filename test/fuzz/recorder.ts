import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { TestApp } from '../fixtures/gate.ts'

/** An app that reads bytes, and takes nothing for a request that a strict reader would not (RFC 9112). */
export interface Recorder extends TestApp {
  /** What arrived and is no request, in its own words. */
  readonly faults: string[]
  /** Requests that arrived, whole. */
  readonly heads: string[]
}

const HEAD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\x00-\x20\x7f]+ HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00-\x08\x0a-\x1f\x7f]*\r\n)+\r\n$/

export async function startRecorder (t: Test): Promise<Recorder> {
  const [faults, heads]: [string[], string[]] = [[], []]
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let text = ''
    socket.setEncoding('latin1').on('error', () => {}).on('close', () => sockets.delete(socket)).on('data', (chunk: string) => {
      text += chunk
      for (let rest = take(text); rest !== undefined; rest = take(text)) {
        text = rest
        socket.write(answer(heads.at(-1) ?? ''), 'latin1')
      }
    })
    /** @returns what follows the first request; nothing while it is not whole */
    function take (text: string): string | undefined {
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return undefined
      const head = text.slice(0, end + 4)
      const fields = [...head.matchAll(/^([^:\r\n]+): ?(.*)\r$/gm)].map(([, name = '', value = '']) => [name.toLowerCase(), value] as const)
      const all = (name: string) => fields.filter(([each]) => each === name).map(([, value]) => value)
      const [lengths, codings] = [all('content-length'), all('transfer-encoding')]
      if (!HEAD.test(head) || all('host').length !== 1 || lengths.length + codings.length > 1 || lengths.some(length => !/^\d+$/.test(length)) || codings.some(coding => coding !== 'chunked')) faults.push(text)
      const body = text.slice(end + 4)
      const size = codings.length > 0 ? sizeOfChunks(body) : Number(lengths[0] ?? 0)
      if (size === undefined || body.length < size) return undefined
      heads.push(head)
      return body.slice(size)
    }
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received: [], faults, heads }
}

/** Bytes of a chunked body, with its end. */
function sizeOfChunks (body: string): number | undefined {
  let at = 0
  for (;;) {
    const [line, size = ''] = /^([0-9a-fA-F]+)\r\n/.exec(body.slice(at)) ?? []
    if (line === undefined) return undefined
    at += line.length + Number.parseInt(size, 16) + 2
    if (Number(`0x${size}`) === 0) return body.length < at ? undefined : at
  }
}

/** Says who it was told of, and of how many. */
function answer (head: string): string {
  const told = [...head.matchAll(/^x-forwarded-user: ?(.*)\r$/gim)].map(([, value = '']) => value)
  const body = JSON.stringify({ told })
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nX-App: yes\r\n\r\n${head.startsWith('HEAD ') ? '' : body}`
}
