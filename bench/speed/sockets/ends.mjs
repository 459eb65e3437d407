// Who plays app and client where a benchmark is about websockets, and those before the app.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startHand } from '../hands.mjs'
import { startHttpProxy } from '../peers/bare.mjs'
import { startGate } from '../peers/gate.mjs'

/** Idle websockets are to be so many. */
const IDLE = 10_000
/** Descriptors that a process has besides two for each websocket. */
const OTHER_FILES = 400

const file = name => fileURLToPath(new URL(name, import.meta.url))

export async function startEnds (lab) {
  const [app, client] = [await startHand(file('app.mjs')), await startHand(file('client.mjs'))]
  lab.atEnd(app.stop)
  lab.atEnd(client.stop)
  return { app, client, upstream: { origin: `http://127.0.0.1:${await app.ask('listen')}` } }
}

/** @fastify/http-proxy with its mode for websockets. */
export function startWebsocketProxy (lab, options) {
  return startHttpProxy(lab, { ...options, mode: 'websocket' })
}

/** One of each on each Node. */
export async function startBoth (lab, upstream) {
  const those = []
  for (const node of lab.settings.nodes) those.push(await startGate(lab, { upstream, node }), await startWebsocketProxy(lab, { upstream, node }))
  return those
}

/** How many a process may have. */
export function descriptors () {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1])
}

/** Idle websockets, as many as there are to be, or as the system lets a proxy have. */
export function mostIdle () {
  return Math.min(IDLE, Math.floor((descriptors() - OTHER_FILES) / 2))
}
