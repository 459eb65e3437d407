// The gate against itself: what it costs that sessions are many, new, large or elsewhere. Each row is a gate of its own, all at once.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, peopleLike, tokensOf } from '../../people.mjs'
import { check } from '../check.mjs'
import { compare, ratio } from '../compare.mjs'
import { wrk } from '../load.mjs'
import { startGate } from '../peers/gate.mjs'
import { startNginx } from '../peers/nginx.mjs'
import { startUpstream } from '../upstream.mjs'

export const name = 'sessions'
export const what = 'the gate against itself, 1 KiB, 64 connections'
export { columns } from './1k.mjs'

/** The gate's cache has room for 20,000: of three times as many in turn, none is still there when it comes again. */
const NEVER_SEEN = 60_000
/** Characters, so that the sealed session has 10 KiB: three chunks. */
const LONG = [4000, 900, 2500]

const ways = [
  { name: 'one', title: 'one warm session', people: 1 },
  { name: 'people', title: '500 people in turn', people: 500 },
  { name: 'first', title: 'first sight of a session, each time', people: NEVER_SEEN },
  { name: 'large', title: 'a session of 10 KiB', people: 1, tokens: true },
  { name: 'redis', title: 'one warm session in Redis', people: 1, redis: true },
  { name: 'redis-people', title: '500 people in turn, in Redis', people: 500, redis: true },
  { name: 'none', title: 'no session: refused' }
]

export async function run ({ lab, settings, say }) {
  const upstream = await startUpstream(lab)
  const hasRedis = spawnSync('redis-server', ['--version']).status === 0
  const redis = hasRedis ? await lab.startRedis() : undefined
  const possible = ways.filter(way => hasRedis || !way.redis)
  const gates = []
  for (const node of settings.nodes) for (const way of possible) gates.push(await startOne(lab, { upstream, node, way, redis }))
  const checks = await check(gates, upstream, '/1k')
  const entrants = [await startNginx(lab, { upstream }), ...gates.map(gate => ({ ...gate, cookie: undefined, ...gate.way.people === undefined && { refuses: true } }))]
  const { rows, notes, ...outcome } = await compare(entrants, { settings, say, ask: wrk({ path: '/1k', connections: 64 }) })
  await check(gates, upstream, '/1k')
  const figures = rows.filter(({ node }) => node !== undefined).map(row => ratio(row, rows.find(({ id }) => id === `one@${row.node}`), 'cpu', `${row.peer}/one`)).filter(({ id }) => id !== 'one/one')
  return {
    rows, figures, checks, ...outcome,
    notes: [...notes, `cookies have ${gates.slice(0, possible.length).map(({ way, cookie }) => `${cookie.length} (${way.name})`).join(', ')} characters; the time of Redis itself is not counted`, `first sight is ${NEVER_SEEN} sessions in turn, three times what the gate's cache has room for`],
    skipped: hasRedis ? [] : [{ title: 'sessions in Redis', why: 'redis-server is not installed' }]
  }
}

async function startOne (lab, { upstream, node, way, redis }) {
  const gate = await startGate(lab, { upstream, node, name: way.name, title: way.title, more: { cookie_name: 'site', ...way.redis && { session_store: redis.url } } })
  if (way.people === undefined) return { ...gate, way }
  const store = way.redis ? await openStore(redis) : undefined
  const people = await peopleLike(await lab.visit(gate.origin), store)
  const headers = await people.begin(way.people, { tokens: way.tokens && tokensOf(...LONG) })
  await store?.close()
  const file = join(lab.folderOf(gate.id), 'cookies')
  writeFileSync(file, `${headers.join('\n')}\n`)
  return { ...gate, way, cookie: headers[0], email: 'person0@example.com', cookies: { file, count: headers.length } }
}
