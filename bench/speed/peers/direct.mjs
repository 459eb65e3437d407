// Nothing in between: the most that load and app can do on their core.
export async function startDirect (_lab, { upstream }) {
  return { id: 'direct', peer: 'direct', title: 'the app itself, nothing in between', origin: upstream.origin, pids: [upstream.pid], logs: [], guards: false, warms: false }
}
