import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { CLIENT } from '../fixtures/gate.ts'

/** GitHub as its documentation has it, as far as a sign-in goes: no OpenID, form-encoded tokens unless asked for JSON, no user without a User-Agent. */
export async function startGithub (t: Test): Promise<string> {
  const challenges = new Map<string, string>()
  const server = createServer((request, response) => { void answer(request, response, challenges) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

async function answer (request: IncomingMessage, response: ServerResponse, challenges: Map<string, string>): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const json = (body: object, status = 200) => response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
  if (pathname === '/login/oauth/authorize') {
    const code = `code-${challenges.size}`
    challenges.set(code, searchParams.get('code_challenge') ?? '')
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('code', code)
    back.searchParams.set('state', searchParams.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  } else if (pathname === '/login/oauth/access_token') {
    const form = new URLSearchParams(await text(request))
    const known = form.get('client_id') === CLIENT.id && form.get('client_secret') === CLIENT.secret
    const proven = hash('sha256', form.get('code_verifier') ?? '', 'base64url') === challenges.get(form.get('code') ?? '')
    if (request.headers.accept?.includes('application/json') !== true) response.end('access_token=gho_x&token_type=bearer')
    else if (known && proven) json({ access_token: 'gho_x', scope: 'read:user', token_type: 'bearer' })
    else json({ error: known ? 'bad_verification_code' : 'incorrect_client_credentials' })
  } else if (pathname === '/user') {
    if (request.headers['user-agent'] === undefined) json({ message: 'Request forbidden by administrative rules.' }, 403)
    else if (!/^(?:bearer|token) gho_x$/i.test(request.headers.authorization ?? '')) json({ message: 'Bad credentials' }, 401)
    else json({ login: 'octocat', id: 583231, name: 'The Octocat', email: 'octocat@example.com', type: 'User' })
  } else {
    json({ message: 'Not Found' }, 404)
  }
}
