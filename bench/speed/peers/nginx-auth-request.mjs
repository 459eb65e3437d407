// nginx that asks before each request whether it may pass, by a request to an endpoint of the same worker: 204 where there is a cookie at all.
// What a real one behind it would cost comes on top.
import { PERSON } from '../lab.mjs'
import { forwards, pool } from './nginx.mjs'
import { writeNginx } from './nginx-config.mjs'

export async function startNginxAuthRequest (lab, { upstream }) {
  const [port, authPort] = [await lab.freePort(), await lab.freePort()]
  const folder = lab.folderOf('nginx-auth-request')
  const command = writeNginx(folder, {
    logs: true,
    http: `${pool(upstream)}
      upstream auth { server 127.0.0.1:${authPort}; keepalive 128; keepalive_requests 1000000000; }
      server {
        listen 127.0.0.1:${authPort} backlog=4096;
        access_log off;
        location / {
          if ($cookie_session = "") { return 401; }
          add_header X-Forwarded-Email ${PERSON}@example.com;
          return 204;
        }
      }
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location = /auth { internal; proxy_pass http://auth; ${forwards} proxy_pass_request_body off; proxy_set_header Content-Length ""; }
        location / {
          auth_request /auth;
          auth_request_set $email $upstream_http_x_forwarded_email;
          proxy_pass http://app; ${forwards}
          proxy_set_header X-Forwarded-Email $email;
        }
      }`
  })
  const running = await lab.start('nginx-auth-request', command, { port })
  return { id: 'nginx-auth-request', peer: 'nginx-auth-request', title: 'nginx, auth_request to a local 204', origin: `http://127.0.0.1:${port}`, pids: [running.pid], logs: [`${folder}/access.log`], cookie: 'session=any', guards: true, warms: false }
}
