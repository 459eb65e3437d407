import { type buildConnector, type Dispatcher, errors } from 'undici'
import { atTurnsEnd } from '../turn-end.ts'
import { TOKEN } from './answer-head.ts'
import { AppConnection, type ConnectionOwner } from './connection.ts'
import type { Handler } from './controller.ts'

/** A GET without a body, as `Pool.dispatch` takes it. */
export type Question = Pick<Dispatcher.DispatchOptions, 'path'> & { readonly headers: readonly string[] }

/** Connections to one app for what nearly all requests are: a GET without a body. undici has all others. */
export interface AppConnections {
  /** Asks, and tells the handler what undici would. Never throws. @param isFresh whether on a connection of its own: where one that was used has failed, others may */
  ask (question: Question, handler: Handler, isFresh?: boolean): void
  /** Fulfilled when all that is under way has its answer; nothing more is asked. */
  close (): Promise<void>
  /** What is under way fails. */
  destroy (): void
}

export interface AppConnectionsOptions extends Pick<ConnectionOwner, 'maxHeaderSize' | 'timeout'> {
  readonly connect: buildConnector.connector
  /** Whether its sockets read into buffers of ours (read-buffer.ts). */
  readonly intoBuffers?: boolean
  readonly origin: URL
}

interface Unasked { readonly text: string, readonly handler: Handler, readonly isFresh: boolean }

/** Milliseconds between two looks for connections that are not needed any more. */
const EVERY = 1_000
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const NAME = new RegExp(`^${TOKEN}$`)
const PATH = /^\/[\x21-\xff]*$/

/**
 * There are as many connections as requests under way, and those that are free are used again, the last first.
 *
 * What is asked in one turn of the event loop goes out at its end: by then all that apps have said meanwhile has been heard, so that a connection on
 * which something came unasked, or which was closed, is none of those that are free.
 */
export function createAppConnections ({ connect, intoBuffers = false, origin, maxHeaderSize, timeout }: AppConnectionsOptions): AppConnections {
  const { protocol, host, hostname, port } = origin
  const target: buildConnector.Options = { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port } // an IPv6 address has brackets in an origin alone
  const hostLine = `host: ${host}\r\n`
  const all = new Set<AppConnection>()
  const free: AppConnection[] = []
  const connecting = new Set<Unasked>()
  let waiting: Unasked[] = []
  let over: Error | undefined
  const closed: (() => void)[] = []
  const owner: ConnectionOwner = {
    maxHeaderSize, timeout,
    free (connection) {
      if (over === undefined) free.push(connection)
      else connection.destroy()
    },
    gone (connection) {
      all.delete(connection)
      const at = free.indexOf(connection)
      if (at !== -1) free.splice(at, 1)
      settle()
    }
  }
  const settle = (): void => { if (over !== undefined && all.size + connecting.size + waiting.length === 0) for (const tell of closed.splice(0)) tell() }
  const timer = setInterval(() => {
    const now = performance.now()
    for (const connection of free) if (!connection.isUsable(now)) connection.destroy()
  }, EVERY).unref()

  const takeFree = (now: number): AppConnection | undefined => {
    for (;;) {
      const connection = free.pop()
      if (connection === undefined || connection.isUsable(now)) return connection
      connection.destroy()
    }
  }
  const flush = (): void => {
    const asked = waiting
    const now = performance.now()
    waiting = []
    for (const one of asked) {
      const connection = one.isFresh ? undefined : takeFree(now)
      if (connection === undefined) open(one)
      else if (!connection.ask(one.text, one.handler)) free.push(connection)
    }
    settle()
  }
  const open = (one: Unasked): void => {
    connecting.add(one)
    const connected: buildConnector.Callback = (error, socket) => {
      const isWanted = connecting.delete(one)
      if (error !== null) {
        if (isWanted) refuse(one.handler, error)
      } else if (!isWanted) {
        socket.destroy()
      } else {
        const connection = new AppConnection(socket as ConstructorParameters<typeof AppConnection>[0], owner, intoBuffers)
        all.add(connection)
        if (!connection.ask(one.text, one.handler)) connection.destroy()
      }
      settle()
    }
    try {
      connect(target, connected)
    } catch (error) {
      connected(error as Error, null)
    }
  }
  const end = (): Error => {
    clearInterval(timer)
    for (const connection of [...free]) connection.destroy()
    return over ??= new errors.ClientDestroyedError()
  }

  return {
    ask (question, handler, isFresh = false) {
      const text = textOf(question, hostLine)
      if (over !== undefined) return refuse(handler, over)
      if (text === undefined) return refuse(handler, new errors.InvalidArgumentError('a target or a header that cannot be sent'))
      if (waiting.push({ text, handler, isFresh }) === 1) atTurnsEnd({ flush })
    },
    close () {
      end()
      return new Promise(resolve => {
        closed.push(resolve)
        settle()
      })
    },
    destroy () {
      const error = end()
      const unasked = [...waiting, ...connecting]
      waiting = []
      connecting.clear()
      for (const { handler } of unasked) refuse(handler, error)
      for (const connection of [...all]) {
        connection.fail(error)
        connection.destroy()
      }
      settle()
    }
  }
}

/** @returns the bytes of a request as latin1; nothing where path or header have in them what would end them */
function textOf ({ path, headers }: Question, hostLine: string): string | undefined {
  if (!PATH.test(path)) return undefined
  let [host, fields] = [hostLine, '']
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    const value = headers[at + 1] as string
    if (!NAME.test(name) || !VALUE.test(value)) return undefined
    if (name.length === 4 && name.toLowerCase() === 'host') host = `host: ${value}\r\n`
    else if (name.length !== 14 || name.toLowerCase() !== 'content-length') fields += `${name}: ${value}\r\n`
  }
  return `GET ${path} HTTP/1.1\r\n${host}connection: keep-alive\r\n${fields}\r\n`
}

/** Of what was never asked. */
function refuse (handler: Handler, error: Error): void {
  handler.onResponseError?.(NOBODY, error)
}

/** Controls nothing. */
const NOBODY: Dispatcher.DispatchController = { aborted: false, paused: false, reason: null, abort () {}, pause () {}, resume () {} }
