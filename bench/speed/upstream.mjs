// The app behind everything that is measured: Debian's nginx with three files, one worker, on the core of the load.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOAD_CORE } from './machine.mjs'
import { writeNginx } from './peers/nginx-config.mjs'

const KIB = 1024
const files = { '1k': KIB, '64k': 64 * KIB, '10m': 10 * KIB * KIB }

export async function startUpstream (lab) {
  const port = await lab.freePort()
  const folder = lab.folderOf('upstream')
  const hashes = new Map()
  mkdirSync(join(folder, 'files'))
  for (const [name, size] of Object.entries(files)) {
    const body = randomBytes(size)
    hashes.set(`/${name}`, hashOf(body))
    writeFileSync(join(folder, 'files', name), body)
  }
  // Tells who it was told somebody is, by whatever header those compared have for it.
  const who = '"user=$http_x_forwarded_user email=$http_x_forwarded_email claim=$http_oidc_claim_email"'
  const command = writeNginx(folder, {
    logs: false,
    http: `underscores_in_headers on;
      server {
        listen 127.0.0.1:${port} backlog=4096;
        root ${folder}/files;
        location = /who { return 200 ${who}; }
      }`
  })
  const { pid } = await lab.start('upstream', command, { port, core: LOAD_CORE })
  return { port, pid, origin: `http://127.0.0.1:${port}`, hashOf: path => hashes.get(path) }
}

export function hashOf (body) {
  return createHash('sha256').update(body).digest('hex')
}
