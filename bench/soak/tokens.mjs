// The way to a provider's token endpoint, which breaks when it is told to.
import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** What becomes of a request for tokens. `lost`: the provider has answered, and what it spent is spent, but nobody hears of it. */
export const WAYS = ['passes', 'fails', 'hangs', 'lost']

/** @param lost told whose tokens are spent */
export async function startTokens (provider, { lost }) {
  const tokens = { way: 'passes', asked: 0, url: '', close: () => server.close().closeAllConnections() }
  const target = new URL(provider.endpoints.token)
  const pass = async (headers, body) => {
    const asked = send(target, { method: 'POST', headers: { ...headers, host: target.host } }).end(body)
    const [answer] = await once(asked, 'response')
    return { answer, body: await buffer(answer) }
  }
  const server = createServer(async (request, response) => {
    const { way } = tokens
    tokens.asked++
    const form = await buffer(request)
    if (way === 'fails') return void response.writeHead(500).end('not now')
    if (way === 'hangs') return
    const { answer, body } = await pass(request.headers, form)
    if (way === 'lost') {
      lost(subjectIn(body))
      return void request.socket.resetAndDestroy()
    }
    response.writeHead(answer.statusCode, answer.headers).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  tokens.url = `http://127.0.0.1:${server.address().port}/token`
  tokens.port = server.address().port
  return tokens
}

function subjectIn (body) {
  const token = JSON.parse(body).id_token?.split('.')[1]
  return token === undefined ? undefined : JSON.parse(Buffer.from(token, 'base64url')).sub
}
