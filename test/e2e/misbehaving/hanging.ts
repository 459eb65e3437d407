// Answers that do not come, or do not end: the gate waits ten seconds, as it would for an honest provider that is slow.
import type { ServerResponse } from 'node:http'
import type { Answer } from '../../fixtures/hostile-provider.ts'
import { refused, type Row } from './row.ts'

const silent: Answer = () => undefined
/** A byte at a time, that never become a document. */
function drip (response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = setInterval(() => response.write(' '), 200)
  response.on('close', () => { clearInterval(more) })
}
/** A header at a time. */
const slowHead: Answer = ({ socket }) => {
  socket?.write('HTTP/1.1 200 OK\r\n')
  const more = setInterval(() => socket?.write('x-more: x\r\n'), 200)
  socket?.on('close', () => { clearInterval(more) }).on('error', () => {})
}
/** Promises of an answer, and no answer. */
const promises: Answer = ({ socket }) => {
  const more = setInterval(() => socket?.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), 200)
  socket?.on('close', () => { clearInterval(more) }).on('error', () => {})
}

const row = (title: string, path: string, answer: Answer, asked: string): Row => ({ title, fresh: true, does: { answers: { [path]: () => answer } }, expects: refused('GATE_PROVIDER_TIMEOUT', /no whole answer within 10000 ms/, asked) })

export const hangingRows: readonly Row[] = [
  row('a discovery document that does not come', '/.well-known/openid-configuration', silent, 'discovery'),
  row('a discovery document that never ends', '/.well-known/openid-configuration', drip, 'discovery'),
  row('tokens that do not come', '/token', silent, 'discovery token'),
  row('tokens that never end', '/token', drip, 'discovery token'),
  row('tokens whose headers never end', '/token', slowHead, 'discovery token'),
  row('tokens that are promised and promised', '/token', promises, 'discovery token'),
  row('keys that do not come', '/keys', silent, 'discovery token keys'),
  row('keys that never end', '/keys', drip, 'discovery token keys'),
  row('userinfo that does not come', '/user', silent, 'discovery token keys user'),
  row('userinfo that never ends', '/user', drip, 'discovery token keys user')
]
