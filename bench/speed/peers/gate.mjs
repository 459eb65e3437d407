// The gate as the image starts it: built, from its command line, one process, its log in JSON, with the image's options for Node.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COOKIE_SECRET } from '../../../build/test/fixtures/gate.js'

const program = fileURLToPath(new URL('../../../bin/oauth-gate.js', import.meta.url))

/** Of the image. */
const [, NODE_OPTIONS] = /^ *(?:ENV )?NODE_OPTIONS=(\S+)/m.exec(readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8'))

/** A cookie that browsers have for a minute after a sign-in (src/session/loop.ts). */
const MARK = /^[^=]*-arrived=/

/** @param more settings beside those that every gate needs @param name of a row of its own @param env in place of the image's */
export async function startGate (lab, { upstream, node, more = {}, name = 'gate', title = 'oauth-gate', env = { NODE_OPTIONS } }) {
  const id = `${name}@${node.major}`
  const port = await lab.freePort()
  const origin = `http://127.0.0.1:${port}`
  const file = join(lab.folderOf(id), 'gate.json')
  writeFileSync(file, JSON.stringify({
    upstream: upstream.origin, port, workers: 1, oauth_provider: 'oidc', oauth_issuer: lab.provider.issuer, oauth_key: lab.client.id, oauth_secret: lab.client.secret, cookie_secret: COOKIE_SECRET, ...more
  }))
  lab.allowRedirect(origin)
  const running = await lab.start(id, [node.path, program, 'serve', `--config=${file}`], { port, env })
  const cookie = (await lab.signIn(origin)).split('; ').filter(pair => !MARK.test(pair)).join('; ')
  return { id, peer: name, node: node.major, title: `${title}, Node ${node.major}`, origin, port, pids: [running.pid], logs: [running.log], stop: running.stop, cookie, guards: true, warms: true }
}
