import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { outside as realOutside } from '../outside.ts'
import type { Outside } from '../outside.ts'
import { appPage, appPolicy, missingPage, places } from './app-page.ts'
import { echo } from './echo.ts'
import { listenOnLoopback } from './loopback.ts'
import { whoIs } from './who.ts'

const tick = 1000

/**
 * A small app without any login, to put the gate in front of: pages, `/headers.json`, an event stream, a websocket.
 * It believes its headers, so it listens on 127.0.0.1 only.
 *
 * @throws {DemoRefused} the port is taken
 */
export async function startApp ({ port = 0, outside = realOutside }: { port?: number, outside?: Outside } = {}): Promise<{ url: string, close: () => Promise<void> }> {
  const server = createServer((request, response) => { answer(request, response, outside) })
  server.on('upgrade', (request, socket, head) => {
    if (pathOf(request) === '/ws') echo(request, socket, head, whoIs(request.headers).user ?? 'nobody')
    else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  const listening = await listenOnLoopback(server, port, '127.0.0.1')
  return { url: `http://127.0.0.1:${listening.port}`, close: listening.close }
}

function answer (request: IncomingMessage, response: ServerResponse, outside: Outside): void {
  const { method = '', url = '/', headers, rawHeaders } = request
  const path = pathOf(request)
  request.resume()
  if (path === '/headers.json') {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify({ method, url, who: whoIs(headers), headers, rawHeaders }, null, 2))
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
  } else if (path === '/events') {
    stream(request, response, outside)
  } else if (Object.hasOwn(places, path)) {
    sendPage(response, 200, appPage({ path, target: url, who: whoIs(headers), rawHeaders }))
  } else {
    sendPage(response, 404, missingPage())
  }
}

/** Server-sent events (HTML Living Standard §9.2): the time, once a second, for as long as somebody listens. */
function stream (request: IncomingMessage, response: ServerResponse, outside: Outside): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  if (request.method === 'HEAD') return void response.end()
  const user = whoIs(request.headers).user ?? 'nobody'
  const send = () => { response.write(`data: ${user.replace(/[\r\n]/g, ' ')}, it is ${new Date(outside.now()).toISOString().slice(11, 19)} UTC\n\n`) }
  send()
  const timer = setInterval(send, tick)
  response.once('close', () => { clearInterval(timer) })
}

function sendPage (response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': appPolicy, 'cache-control': 'no-cache' })
  response.end(page)
}

function pathOf ({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/'
}
