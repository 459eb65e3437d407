// What every nginx here has: one worker, connections that last, everything in a folder of its own.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @param http what its servers are @param logs whether a line is written for each request, as it is unless nginx is told otherwise @returns how it is started */
export function writeNginx (folder, { http, logs }) {
  const file = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ')
  writeFileSync(file, `${process.getuid() === 0 ? 'user root;' : ''}
    worker_processes 1;
    daemon off;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    events { worker_connections 16384; }
    http {
      ${temporary}
      access_log ${logs ? `${folder}/access.log` : 'off'};
      sendfile on;
      tcp_nopush on;
      keepalive_requests 1000000000;
      keepalive_timeout 600s;
      large_client_header_buffers 8 64k;
      ${http}
    }`)
  return ['nginx', '-c', file, '-p', folder, '-e', join(folder, 'error.log')]
}
