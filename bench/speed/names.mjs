// What there is by name, for who asks what there is before anything is built.

/** Cases of everybody against everybody, and those of the gate against itself and little else, in the order in which they are measured. Each is a file of cases/. */
export const comparing = ['1k', 'c2', '64k', '10m', 'rate']
export const others = ['sessions', 'websocket', 'memory', 'start', 'growth']
export const cases = [...comparing, ...others]

/** Those compared: one each, those that differ from others by their log alone, and those that run on each Node (peers/index.mjs). */
export const single = ['direct', 'nginx', 'nginx-auth-request', 'apache', 'oauth2-proxy']
export const quiet = ['nginx-no-log', 'oauth2-proxy-no-log']
export const onEachNode = ['bare', 'gate', 'http-proxy']
export const peers = [...single, ...quiet, ...onEachNode]
