// Those that a request is sent through to be compared. Each is started by a function of its own file:
//   start… (lab, { upstream, node, … }) → { id, peer, node?, title, origin, pids, logs, cookie?, guards, warms }
// pids: roots of the processes whose time counts; logs: files that grow; guards: whether it asks for a sign-in; warms: whether it compiles while it runs.
import { startApache } from './apache.mjs'
import { startBare, startHttpProxy } from './bare.mjs'
import { startDirect } from './direct.mjs'
import { startGate } from './gate.mjs'
import { Missing } from './missing.mjs'
import { startNginx } from './nginx.mjs'
import { startNginxAuthRequest } from './nginx-auth-request.mjs'
import { startOauth2Proxy } from './oauth2-proxy.mjs'

const once = [['direct', startDirect], ['nginx', startNginx], ['nginx-auth-request', startNginxAuthRequest], ['apache', startApache], ['oauth2-proxy', startOauth2Proxy]]
const quiet = [['nginx-no-log', startNginx], ['oauth2-proxy-no-log', startOauth2Proxy]]
const onEachNode = [['bare', startBare], ['gate', startGate], ['http-proxy', startHttpProxy]]

/** @param all also those that differ from others only by their log @returns those that could be started, and those that were skipped and why */
export async function startPeers (lab, upstream, { all = false } = {}) {
  const starts = [
    ...once.map(([title, start]) => [title, () => start(lab, { upstream })]),
    ...all ? quiet.map(([title, start]) => [title, () => start(lab, { upstream, logs: false })]) : [],
    ...lab.settings.nodes.flatMap(node => onEachNode.map(([title, start]) => [title, () => start(lab, { upstream, node })]))
  ]
  const { only } = lab.settings
  const peers = []
  const skipped = []
  for (const [title, start] of starts.filter(([title]) => only?.includes(title) ?? true)) {
    try {
      peers.push(await start())
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      skipped.push({ title, why: error.message })
      lab.say(`skipped: ${title}: ${error.message}`)
    }
  }
  return { peers, skipped }
}
