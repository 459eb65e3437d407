// A case of everybody against everybody, with one file of the app.
import { check } from './check.mjs'
import { compare, ratios } from './compare.mjs'
import { startPeers } from './peers/index.mjs'
import { startUpstream } from './upstream.mjs'

/** @param makeAsk the load, given the lab @param keys what ratios are made of @param more of `compare` */
export async function comparePeers ({ lab, settings, say }, { path, makeAsk, keys = ['cpu', 'rate'], all = false, ...more }) {
  const upstream = await startUpstream(lab)
  const { peers, skipped } = await startPeers(lab, upstream, { all })
  const checks = await check(peers, upstream, path)
  const { rows, notes, ...run } = await compare(peers, { settings, say, ask: makeAsk(lab), ...more })
  await check(peers, upstream, path) // or a session that ended would have been measured as a refusal
  const cookies = peers.filter(({ guards }) => guards).map(({ id, cookie }) => `${cookie.length} (${id})`)
  return { rows, figures: ratios(rows, keys), checks, skipped, ...run, notes: [...notes, `the cookies have ${cookies.join(', ')} characters`] }
}
