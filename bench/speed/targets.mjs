// What is to be shown (issue 10): a figure of a case, by its id, and how much it may be. `least` turns it round: so much at least.
const BOTH = [24, 20]
const SHIPPED = [24]

const targets = [
  { id: 'oauth2-proxy', case: '1k', figure: 'cpu/oauth2-proxy', what: 'oauth2-proxy, cookie store, default settings, 1 KiB, 64 connections', must: 0.25, try: 0.15, nodes: BOTH },
  { id: 'oauth2-proxy-rps', case: '1k', figure: 'rate/oauth2-proxy', what: 'its requests per second on one core', must: 4, try: 7, least: true, nodes: BOTH },
  { id: 'nginx', case: '1k', figure: 'cpu/nginx', what: 'nginx as a plain proxy', must: 4, try: 2.5, nodes: BOTH },
  { id: 'nginx-auth-request', case: '1k', figure: 'cpu/nginx-auth-request', what: 'nginx with auth_request', must: 2.2, try: 1.3, nodes: BOTH },
  { id: 'apache', case: '1k', figure: 'cpu/apache', what: 'Apache with mod_auth_openidc, server cache', must: 0.5, try: 0.3, nodes: BOTH },
  { id: 'bare', case: '1k', figure: 'cpu/bare', what: 'the bare forwarder on the same Node', must: 1.4, try: 1.15, nodes: BOTH },
  ...[['first', 'first sight of a session'], ['people', '500 people in turn'], ['large', 'a session of 10 KiB'], ['redis', 'a session in Redis'], ['redis-people', '500 people in turn, in Redis']].map(([figure, what]) => ({ id: `session-${figure}`, case: 'sessions', figure: `${figure}/one`, what: `${what}: one warm session`, must: 1.4, try: 1.15, nodes: SHIPPED })),
  { id: 'c2', case: 'c2', figure: 'cpu/oauth2-proxy', what: 'concurrency 2: oauth2-proxy', must: 0.7, try: 0.45, nodes: SHIPPED },
  { id: '64k-oauth2-proxy', case: '64k', figure: 'cpu/oauth2-proxy', what: '64 KiB: oauth2-proxy', must: 0.5, try: 0.3, nodes: SHIPPED },
  { id: '64k-nginx', case: '64k', figure: 'cpu/nginx', what: '64 KiB: nginx', must: 2, try: 1.25, nodes: SHIPPED },
  { id: '10m-oauth2-proxy', case: '10m', figure: 'cpu/oauth2-proxy', what: '10 MiB, per MiB: oauth2-proxy', must: 2, try: 1.5, nodes: SHIPPED },
  { id: '10m-nginx', case: '10m', figure: 'cpu/nginx', what: '10 MiB, per MiB: nginx', must: 1.5, try: 1, nodes: SHIPPED },
  { id: 'rate-oauth2-proxy', case: 'rate', figure: 'p99/oauth2-proxy', what: 'p99 at 1,600 requests per second: oauth2-proxy', must: 0.5, try: 0.3, nodes: SHIPPED },
  { id: 'rate-nginx', case: 'rate', figure: 'p99/nginx', what: 'p99 at 1,600 requests per second: nginx', must: 3, try: 2, nodes: SHIPPED },
  { id: 'websocket-128', case: 'websocket', figure: 'cpu-128/http-proxy', what: 'websocket messages of 128 B: @fastify/http-proxy', must: 1, try: 0.6, nodes: SHIPPED },
  { id: 'websocket-64k', case: 'websocket', figure: 'cpu-64k/http-proxy', what: 'websocket messages of 64 KiB: @fastify/http-proxy', must: 0.5, try: 0.3, nodes: SHIPPED },
  { id: 'memory-load', case: 'memory', figure: 'load', unit: 'MiB', what: 'memory at 64 connections', must: 220, try: 110, nodes: SHIPPED },
  { id: 'memory-reader', case: 'memory', figure: 'reader', unit: 'MiB', what: 'memory of each slow reader of 10 MiB', must: 1.5, try: 1, nodes: SHIPPED },
  { id: 'memory-deaf', case: 'memory', figure: 'deaf', unit: 'MiB', what: 'memory of a websocket client that never reads', must: 5, try: 1, nodes: SHIPPED },
  { id: 'memory-idle', case: 'memory', figure: 'idle', unit: 'KiB', what: 'memory of each idle websocket of 10,000', must: 16, try: 8, nodes: SHIPPED },
  { id: 'start', case: 'start', figure: 'listening', unit: 'ms', what: 'start to listening', must: 500, try: 250, nodes: SHIPPED }
]

/** @returns each target on each Node it is for, with what was measured; `met` is absent where nothing was, or where it does not count: nginx swung, or others were busy all the time */
export function judge ({ cases }) {
  return targets.flatMap(({ nodes, ...target }) => nodes.map(node => {
    const found = cases[target.case]?.figures.find(({ id, node: on }) => id === target.figure && on === node)
    const isVoid = cases[target.case]?.isVoid === true || found?.disturbed === true
    if (found === undefined) return { ...target, node }
    const within = most => target.least ? found.value >= most : found.value <= most
    return { ...target, node, measured: found.value, ...isVoid ? { isVoid } : { met: within(target.must), tried: within(target.try) } }
  }))
}
