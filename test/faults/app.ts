import { createServer } from 'node:http'
import type { Test } from 'tap'
import { WebSocketServer } from 'ws'
import { startServer } from '../fixtures/server.ts'

/** Long enough to be struck behind its head. */
export const FILLER = '.'.repeat(2_000)
export const FIRST = 16_384
export const REST = 100_000

export interface FaultyApp {
  readonly port: number
  /** How often each upload arrived, by its `x-once`; and who asked for what. */
  readonly uploads: ReadonlyMap<string, number>
  readonly asked: readonly { readonly url: string, readonly user: string | undefined }[]
  /** Lets what waits in the middle go on. */
  go (): void
}

/** An app with a page, a download that waits in the middle, an upload, an event stream that ticks, and a websocket that echoes. Each answer says whom it is for. */
export async function startFaultyApp (t: Test): Promise<FaultyApp> {
  const uploads = new Map<string, number>()
  const asked: { url: string, user: string | undefined }[] = []
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    const user = request.headers['x-forwarded-user']?.toString()
    const url = request.url ?? ''
    asked.push({ url, user })
    response.on('error', () => {})
    if (url === '/download') {
      response.write('a'.repeat(FIRST))
      waiting.push(() => response.end('b'.repeat(REST)))
    } else if (url === '/events') {
      response.setHeader('content-type', 'text/event-stream')
      const timer = setInterval(() => response.write(`data: for ${user}\n\n`), 20)
      response.on('close', () => { clearInterval(timer) })
    } else if (url === '/upload') {
      const once = String(request.headers['x-once'])
      uploads.set(once, (uploads.get(once) ?? 0) + 1)
      let bytes = 0
      request.on('error', () => {}).on('data', (chunk: Buffer) => { bytes += chunk.length }).on('end', () => response.end(`${bytes} bytes for ${user}${FILLER}`))
    } else {
      response.setHeader('content-type', 'text/html').end(`for ${user}${FILLER}`)
    }
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => socket.on('error', () => {}).on('message', data => { socket.send(String(data)) }))
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  const port = Number(new URL(await startServer(t, server)).port)
  return { port, uploads, asked, go () { for (const next of waiting.splice(0)) next() } }
}
