// The least that forwarding costs on Node, and the same with @fastify/http-proxy as it comes. Neither asks who anybody is.
import { fileURLToPath } from 'node:url'

const programAt = name => fileURLToPath(new URL(name, import.meta.url))

export function startBare (lab, options) {
  return start(lab, { ...options, peer: 'bare', title: 'bare node:http and undici', program: programAt('bare-forwarder.mjs') })
}

export function startHttpProxy (lab, options) {
  return start(lab, { ...options, peer: 'http-proxy', title: '@fastify/http-proxy', program: programAt('plain-http-proxy.mjs') })
}

async function start (lab, { upstream, node, peer, name = peer, mode, title, program }) {
  const id = `${name}@${node.major}`
  const port = await lab.freePort()
  const running = await lab.start(id, [node.path, program, upstream.origin, String(port), ...mode === undefined ? [] : [mode]], { port })
  return { id, peer: name, node: node.major, title: `${title}, Node ${node.major}`, origin: `http://127.0.0.1:${port}`, port, stop: running.stop, pids: [running.pid], logs: [running.log], guards: false, warms: true }
}
