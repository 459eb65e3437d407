// Debian's nginx, which only forwards: the yardstick of the machine. It writes a line for each request, unless told otherwise.
import { writeNginx } from './nginx-config.mjs'

export const forwards = 'proxy_http_version 1.1; proxy_set_header Connection "";'
export const pool = ({ port }) => `upstream app { server 127.0.0.1:${port}; keepalive 128; keepalive_requests 1000000000; }`

export async function startNginx (lab, { upstream, logs = true }) {
  const port = await lab.freePort()
  const peer = logs ? 'nginx' : 'nginx-no-log'
  const folder = lab.folderOf(peer)
  const command = writeNginx(folder, {
    logs,
    http: `${pool(upstream)}
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location / { proxy_pass http://app; ${forwards} }
      }`
  })
  const running = await lab.start(peer, command, { port })
  return { id: peer, peer, title: `nginx, plain proxy${logs ? '' : ', no log'}`, origin: `http://127.0.0.1:${port}`, pids: [running.pid], logs: logs ? [`${folder}/access.log`] : [], guards: false, warms: false }
}
