// The main table.
import { startPeers } from '../peers/index.mjs'
import { startUpstream } from '../upstream.mjs'

export const name = '1k'
export const what = '1 KiB, 64 connections that stay open, a valid session'
export const columns = [['cpu', 'CPU µs/request', 1], ['rps', 'requests/s', 0], ['p50', 'p50 ms', 1], ['p99', 'p99 ms', 1]]

export async function run ({ lab }) {
  const upstream = await startUpstream(lab)
  const { peers, skipped } = await startPeers(lab, upstream)
  return { rows: peers.map(({ id, title }) => ({ id, title, values: {} })), figures: [], skipped }
}
