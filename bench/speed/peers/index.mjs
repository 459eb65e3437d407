// Those that a request is sent through to be compared. Each is started by a function of its own file:
//   start… (lab, { upstream, node, … }) → { id, peer, node?, title, origin, pids, logs, cookie?, guards, warms }
// pids: roots of the processes whose time counts; guards: whether it asks for a sign-in; warms: whether it compiles while it runs.
import { startGate } from './gate.mjs'

/** Thrown where a peer is not on this machine: it is skipped, and the table says so. */
export class Missing extends Error {}

const forEachNode = [startGate]
const others = []

/** @returns those that could be started, and those that were skipped and why */
export async function startPeers (lab, upstream) {
  const { nodes } = lab.settings
  const peers = []
  const skipped = []
  const starts = [...others.map(([title, start]) => [title, () => start(lab, { upstream })]), ...nodes.flatMap(node => forEachNode.map(start => [start.name, () => start(lab, { upstream, node })]))]
  for (const [title, start] of starts) {
    try {
      peers.push(await start())
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      skipped.push({ title, why: error.message })
    }
  }
  return { peers, skipped }
}
