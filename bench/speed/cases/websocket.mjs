// Messages that come back, through the gate and through what is there for it already.
import { compare, ratio } from '../compare.mjs'
import { startBoth, startEnds } from '../sockets/ends.mjs'

/** Bytes of a message, in words too, how many websockets, and how much less of them than of requests it takes until everything is compiled. */
const sizes = [{ label: '128', words: '128 B', size: 128, count: 64, less: 1 }, { label: '64k', words: '64 KiB', size: 65_536, count: 16, less: 20 }]

export const name = 'websocket'
export const what = 'messages there and back, one in flight on each websocket: 64 of them with 128 B, 16 with 64 KiB'
export const columns = [
  ['cpu-128', '128 B: CPU µs/message', 1], ['rate-128', 'messages/s', 0], ['p99-128', 'p99 ms', 1],
  ['cpu-64k', '64 KiB: CPU µs/message', 0], ['rate-64k', 'messages/s', 0], ['p99-64k', 'p99 ms', 1]
]

export async function run ({ settings, lab, say }) {
  const { client, upstream } = await startEnds(lab)
  const those = await startBoth(lab, upstream)
  const rows = those.map(({ id, peer, node, title }) => ({ id, peer, node, title, values: {}, bursts: {} }))
  const [figures, notes, hows] = [[], [], []]
  for (const { label, words, size, count, less } of sizes) {
    const nameOf = ({ id }) => `${id} ${label}`
    for (const one of those) {
      await client.ask('open', { name: nameOf(one), count, port: one.port, path: '/ws', cookie: one.cookie })
      if (!await client.ask('verify', { name: nameOf(one), size })) throw new Error(`${one.title} changes messages`)
    }
    const ask = async (one, seconds) => await client.ask('echo', { name: nameOf(one), size, seconds })
    const found = await compare(those, { settings, say, ask, count: Math.ceil(settings.warm / less), of: 'messages' })
    hows.push(`${words}: ${found.how}`)
    for (const [index, { values, bursts }] of found.rows.entries()) {
      rows[index].bursts[label] = bursts
      for (const key of ['cpu', 'rate', 'p99']) rows[index].values[`${key}-${label}`] = values[key]
    }
    const rowOf = (peer, node) => found.rows.find(row => row.peer === peer && row.node === node)
    for (const { major } of settings.nodes) figures.push(ratio(rowOf('gate', major), rowOf('http-proxy', major), 'cpu', `cpu-${label}/http-proxy`))
    notes.push(...found.notes.map(note => `messages of ${words}: ${note}`))
    for (const one of those) await client.ask('close', { name: nameOf(one) })
  }
  return { rows, figures, how: hows.join('; '), notes }
}
