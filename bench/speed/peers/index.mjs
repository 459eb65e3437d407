// Those that a request is sent through to be compared. Each is started by a function of its own file:
//   start… (lab, { upstream, node, … }) → { id, peer, node?, title, origin, pids, logs, cookie?, guards, warms }
// pids: roots of the processes whose time counts; logs: files that grow; guards: whether it asks for a sign-in; warms: whether it compiles while it runs.
import { onEachNode, quiet, single } from '../names.mjs'
import { startApache } from './apache.mjs'
import { startBare, startHttpProxy } from './bare.mjs'
import { startDirect } from './direct.mjs'
import { startGate } from './gate.mjs'
import { Missing } from './missing.mjs'
import { startNginx } from './nginx.mjs'
import { startNginxAuthRequest } from './nginx-auth-request.mjs'
import { startOauth2Proxy } from './oauth2-proxy.mjs'

/** By the names of ../names.mjs. */
const starts = {
  direct: startDirect, nginx: startNginx, 'nginx-auth-request': startNginxAuthRequest, apache: startApache, 'oauth2-proxy': startOauth2Proxy,
  'nginx-no-log': startNginx, 'oauth2-proxy-no-log': startOauth2Proxy,
  bare: startBare, gate: startGate, 'http-proxy': startHttpProxy
}

/** @param all also those that differ from others only by their log, which are there too where they are asked for by name @returns those that could be started, and those that were skipped and why */
export async function startPeers (lab, upstream, { all = false } = {}) {
  const { nodes, only = [...single, ...all ? quiet : [], ...onEachNode] } = lab.settings
  const among = names => names.filter(name => only.includes(name))
  const wanted = [
    ...among(single).map(name => [name]),
    ...among(quiet).map(name => [name, { logs: false }]),
    ...nodes.flatMap(node => among(onEachNode).map(name => [name, { node }]))
  ]
  const peers = []
  const skipped = []
  for (const [name, more] of wanted) {
    try {
      peers.push(await starts[name](lab, { upstream, ...more }))
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      const { title, message: why } = error
      skipped.push({ title, why })
      lab.say(`skipped: ${title}: ${why}`)
    }
  }
  return { peers, skipped }
}
