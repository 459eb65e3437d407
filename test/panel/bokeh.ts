import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { deflateSync, inflateSync } from 'node:zlib'
import { WebSocket } from 'ws'

/** What Bokeh puts into the token of a page: the request as the app will know it. */
export interface TokenContent {
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: Readonly<Record<string, string>>
  readonly arguments?: Readonly<Record<string, unknown>>
}

export interface Token extends TokenContent {
  readonly session_id: string
  /** Seconds since the epoch. */
  readonly session_expiry: number
}

/** The token that a page of Bokeh hands to its script. @throws where the page has none */
export function tokenOf (page: string): string {
  const [, token] = /"token":"([^"]+)"/.exec(page) ?? []
  if (token === undefined) throw new Error(`no token in ${page.slice(0, 500)}`)
  return token
}

export function readToken (token: string): Token {
  const { __bk__zlib_: packed, ...outside } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Token & { readonly __bk__zlib_?: string }
  return { ...outside, ...packed !== undefined && JSON.parse(inflateSync(Buffer.from(packed, 'base64url')).toString()) as TokenContent }
}

/** A token of one's own making, as a browser's owner can make it: of a new session, for a year, and without a signature. */
export function forgeToken (content: TokenContent, session_id: string = randomUUID()): string {
  const packed = deflateSync(JSON.stringify(content)).toString('base64url')
  return Buffer.from(JSON.stringify({ session_id, session_expiry: Math.floor(Date.now() / 1000) + 365 * 86_400, __bk__zlib_: packed })).toString('base64url')
}

export interface Attempt {
  readonly socket: WebSocket
  /** What answered the upgrade: 101, or why not. */
  readonly status: number
  readonly protocol: string
  /** What the app shows to whoever holds this websocket, as its JSON; empty where the app closed it. */
  document (): Promise<string>
  /** Resolves with the close code. */
  closed (): Promise<number>
  close (): void
}

/** Opens a websocket as the script of a Bokeh page does, with whatever token. @param address http, of the app's page */
export async function openSession (address: string, token: string, headers: Readonly<Record<string, string>>): Promise<Attempt> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`, ['bokeh', token], { headers })
  const frames: string[] = []
  socket.on('error', () => {}).on('message', (data, binary) => { if (!binary) frames.push((data as Buffer).toString()) })
  const closed = new Promise<number>(resolve => { socket.on('close', resolve) })
  const status = await new Promise<number>(resolve => {
    socket.on('open', () => { resolve(101) }).on('unexpected-response', (_request, answer: IncomingMessage) => {
      resolve(answer.statusCode ?? 0)
      socket.terminate()
    })
  })
  return {
    socket, status, protocol: socket.protocol,
    closed: () => closed,
    close: () => socket.terminate(),
    document: async () => {
      await Promise.race([closed, until(() => frames.some(frame => frame.includes('"ACK"')))])
      if (socket.readyState !== WebSocket.OPEN) return ''
      send(socket, 'PULL-DOC-REQ', {})
      await Promise.race([closed, until(() => frames.some(frame => frame.includes('"doc"')))])
      return frames.find(frame => frame.includes('"doc"')) ?? ''
    }
  }
}

/** A message of Bokeh's protocol: header, metadata and content, each a text of its own. */
export function send (socket: WebSocket, msgtype: string, content: unknown): void {
  for (const part of [{ msgid: randomUUID(), msgtype }, {}, content]) socket.send(JSON.stringify(part))
}

async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => { setTimeout(resolve, 20).unref() })
}
