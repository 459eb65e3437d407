// Before anything is timed, and again afterwards: each of those compared does what it is measured for.
import { request } from 'node:http'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { PERSON } from './lab.mjs'
import { hashOf } from './upstream.mjs'

/** @returns what was seen, for the results @throws where something is not as it must be */
export async function check (peers, upstream, path) {
  const seen = []
  for (const peer of peers) seen.push({ id: peer.id, ...await look(peer, upstream, path) })
  return seen
}

async function look ({ id, origin, cookie, guards, email = `${PERSON}@example.com` }, upstream, path) {
  const answer = await ask(origin + path, cookie)
  if (answer.status !== 200) throw new Error(`${id} answers ${answer.status}`)
  if (hashOf(answer.body) !== upstream.hashOf(path)) throw new Error(`${id} answers with another body: ${answer.body.length} bytes`)
  if (!guards) return { body: 'same' }
  const { status } = await ask(origin + path)
  if (![401, 302, 303].includes(status)) throw new Error(`${id} answers ${status} to somebody who has no session`)
  const told = (await ask(`${origin}/who`, cookie)).body.toString()
  if (!told.includes(`=${email}`)) throw new Error(`${id} does not tell the app who somebody is: ${told}`)
  return { body: 'same', withoutCookie: status, cookie: cookie.length, app: told }
}

async function ask (address, cookie) {
  const asked = request(address, { agent: false, headers: cookie === undefined ? {} : { cookie } }).end()
  const [answer] = await once(asked, 'response')
  return { status: answer.statusCode, body: await buffer(answer) }
}
