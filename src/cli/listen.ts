import type { FastifyInstance } from 'fastify'
import { existsSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config/options.ts'

/** Owner and group may connect: a proxy in front runs as another user, and is put into the group. */
const SOCKET_UMASK = 0o117
/** Milliseconds in which whoever listens at a socket takes a connection. */
const PATIENCE = 1_000

const elsewhere: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'something else listens there: choose another --port'],
  ['EACCES', 'that needs more rights: choose a --port above 1023'],
  ['EADDRNOTAVAIL', 'this machine does not have that address: set --address to one it has, or to 0.0.0.0 for all of them'],
  ['ENOTFOUND', 'no host has that name: set --address to an address of this machine, or to 0.0.0.0 for all of them']
])

type Place = Pick<Config, 'address' | 'port' | 'unixSocket' | 'sslCertfile'>

export interface ListenOptions {
  readonly write?: (text: string) => void
  /** Another process has called `makeWayForSocket`, and makes the socket too. */
  readonly wayIsMade?: boolean
}

/** @returns where it listens, as `scheme://address:port` or `unix:/path`, or null after a sentence that says why not */
export async function listen (gate: FastifyInstance, place: Place, { write = text => { process.stderr.write(text) }, wayIsMade = false }: ListenOptions = {}): Promise<string | null> {
  try {
    if (place.unixSocket !== undefined && wayIsMade) await gate.listen({ path: place.unixSocket })
    else if (place.unixSocket !== undefined) await listenAtSocket(gate, place.unixSocket)
    else await gate.listen({ host: place.address, port: place.port })
  } catch (error) {
    write(`oauth-gate: cannot listen on ${place.unixSocket ?? `${place.address}:${place.port}`}: ${reasonOf(error, place)}\n`)
    return null
  }
  const bound = gate.server.address()
  return listeningAt(place, typeof bound === 'object' && bound !== null ? bound : undefined)
}

/** Where a gate with these settings listens. @param bound where it does, once it does */
export function listeningAt ({ address, port, unixSocket, sslCertfile }: Place, bound: Pick<AddressInfo, 'address' | 'port'> = { address, port }): string {
  if (unixSocket !== undefined) return `unix:${unixSocket}`
  return `${sslCertfile === undefined ? 'http' : 'https'}://${bound.address.includes(':') ? `[${bound.address}]` : bound.address}:${bound.port}`
}

async function listenAtSocket (gate: FastifyInstance, path: string): Promise<void> {
  const before = process.umask(await makeWayForSocket(path)) // so that it is never open to more, not even for a moment
  try {
    await gate.listen({ path })
  } finally {
    process.umask(before)
  }
}

/** @returns the umask to make it with */
export async function makeWayForSocket (path: string): Promise<number> {
  await removeStale(path)
  return SOCKET_UMASK
}

/** What a gate left behind that was killed. A socket that somebody answers at stays, and so does whatever is no socket. */
async function removeStale (path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true && await isDead(path)) unlinkSync(path)
}

function isDead (path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ path, timeout: PATIENCE })
    const end = (dead: boolean) => {
      socket.destroy()
      resolve(dead)
    }
    socket.on('connect', () => { end(false) })
    socket.on('timeout', () => { end(false) })
    socket.on('error', (error: NodeJS.ErrnoException) => { end(error.code === 'ECONNREFUSED') })
  })
}

function reasonOf (error: unknown, { unixSocket }: Place): string {
  const { code } = error as NodeJS.ErrnoException
  if (unixSocket === undefined) return elsewhere.get(code ?? '') ?? String(error)
  if (code === 'EADDRINUSE') return 'something else listens there, or it is no socket: choose another --unix-socket'
  if (!existsSync(dirname(unixSocket))) return 'there is no such folder'
  return code === 'EACCES' || code === 'EPERM' ? 'this user may not make a socket there' : String(error)
}
