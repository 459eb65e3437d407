import { spawnSync } from 'node:child_process'
import { deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { readToken, tokensIn } from '../../src/proxy/bokeh-token.ts'
import { python } from '../fixtures/python.ts'
import { fc } from '../fixtures/random.ts'
import { forgeToken } from '../panel/bokeh.ts'

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
const packed = (text: string | Uint8Array) => base64(deflateSync(text))
const outside = (more: object) => base64(JSON.stringify({ session_id: 'a', session_expiry: 2e9, ...more }))
const inside = (text: string | Uint8Array) => outside({ __bk__zlib_: packed(text) })

/** Spellings that some reader might take otherwise than another, each with whether it is read here at all. */
const spellings: readonly (readonly [what: string, token: string, isRead: boolean])[] = [
  ['as Bokeh writes it', forgeToken({ headers: { A: 'b' }, cookies: { c: 'd' }, arguments: {} }, 'a'), true],
  ['with a signature', `${forgeToken({ cookies: { c: 'd' } }, 'a')}.c2lnbmF0dXJl`, true],
  ['without anything of a request', outside({}), true],
  ['before Bokeh packed it', outside({ cookies: { user: 'x' }, headers: { A: 'b' } }), true],
  ['outside and inside: the inner counts', outside({ cookies: { user: 'x' }, __bk__zlib_: packed('{"cookies":{"user":"y"}}') }), true],
  ['an inner null', outside({ cookies: { user: 'x' }, __bk__zlib_: packed('{"cookies":null}') }), true],
  ['a name twice: the last counts', inside('{"cookies":{"user":"x"},"cookies":{"user":"y","user":"z"}}'), true],
  ['a name in escapes', inside('{"c\\u006fokies":{"\\u0075ser":"x"}}'), true],
  ['a name that is no name in JavaScript', inside('{"__proto__":{"cookies":{"user":"x"}},"cookies":{"__proto__":"y"}}'), true],
  ['an id inside too', inside('{"session_id":"b","cookies":{}}'), true],
  ['something after what is packed', outside({ __bk__zlib_: base64(Buffer.concat([deflateSync('{"cookies":{"user":"x"}}'), deflateSync('{"cookies":{}}')])) }), true],
  ['bytes for a cookie', inside(`{"cookies":{"user":{"bytes":"${base64('x')}"}}}`), false],
  ['bytes for all of them', inside('{"cookies":{"user":["x"]}}'), false],
  ['pairs in a list', inside('[["cookies",{"user":"x"}]]'), false],
  ['cookies in a list', inside('{"cookies":[["user","x"]]}'), false],
  ['UTF-16', inside(Buffer.from('{"cookies":{"user":"x"}}', 'utf16le')), false],
  ['UTF-16 outside', base64(Buffer.from('{"session_id":"a","session_expiry":2000000000}', 'utf16le')), false],
  ['a byte order mark', inside('\ufeff{"cookies":{"user":"x"}}'), false],
  ['a surrogate in UTF-8', inside(Buffer.from('7b22636f6f6b696573223a7b2275736572223a22eda080227d7d', 'hex')), false],
  ['NaN', inside('{"a":NaN,"cookies":{"user":"x"}}'), false],
  ['standard base64', outside({ a: '\u00ff\u00fe~~~???>>>' }).replaceAll('-', '+').replaceAll('_', '/'), false],
  ['padding, and more after it', `${base64('{"session_id":"a"}  ')}=`, false],
  ['signs that Python passes over', outside({}).replace(/^../, '$&!'), false],
  ['the same inside', outside({ __bk__zlib_: packed('{}').replace(/^../, '$&!') }), false],
  ['gzip', outside({ __bk__zlib_: base64(gzipSync('{}')) }), false],
  ['packed in halves', outside({ __bk__zlib_: base64(deflateSync('{"cookies":{}}').subarray(0, -5)) }), false],
  ['what unpacks to more than any request has', outside({ __bk__zlib_: packed(`{"a":"${'x'.repeat(300_000)}"}`) }), false],
  ['no id', base64('{"session_expiry":2000000000}'), false],
  ['an id that is none', outside({ session_id: 1 }), false],
  ['null inside', outside({ __bk__zlib_: null }), false],
  ['a list', base64('[]'), false], ['null', base64('null'), false], ['nothing', '', false], ['a dot', '.', false], ['two dots', `${outside({})}.a.b`, false]
]

t.test('what is not written as Bokeh writes it is not read', async t => {
  for (const [what, token, isRead] of spellings) t.equal(readToken(token) !== null, isRead, what)
  t.match(readToken(forgeToken({ headers: { A: 'b' }, cookies: { user: 'x' } }, 'id')), { sessionId: 'id', headers: { A: 'b' }, cookies: { user: 'x' } })
  t.match(readToken(inside('{"app_path":"/who"}')), { page: '/who', cookies: {}, headers: {} })
})

t.test('what is read, Bokeh itself reads the same', async t => {
  const interpreter = python(t, 'bokeh')
  if (interpreter === null) return
  const script = `
import json, sys
from bokeh.util.token import get_session_id, get_token_payload
def read(token):
    try:
        payload = get_token_payload(token)
        return {'sessionId': get_session_id(token), 'cookies': payload.get('cookies') or {}, 'headers': payload.get('headers') or {}}
    except Exception:
        return None
print(json.dumps([read(token) for token in json.load(sys.stdin)], default=str))`
  const { stdout, stderr } = spawnSync(interpreter, ['-c', script], { input: JSON.stringify(spellings.map(([, token]) => token)), encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  const theirs = JSON.parse(stdout) as unknown[]
  let believed = 0
  for (const [at, [what, token, isRead]] of spellings.entries()) {
    if (isRead) t.strictSame(JSON.parse(JSON.stringify(readToken(token))), theirs[at], what)
    else if (theirs[at] !== null) believed++
  }
  t.ok(believed >= 8, `of what is refused Bokeh would have believed ${believed}`)
})

t.test('all that is offered beside bokeh is looked at', async t => {
  t.strictSame(tokensIn('bokeh, token'), ['token'])
  t.strictSame(tokensIn('bokeh,token'), ['token'])
  t.strictSame(tokensIn('\xa0bokeh\x85,\ttoken\xa0'), ['token'], 'with what Python strips')
  t.strictSame(tokensIn('token, bokeh'), ['token'])
  t.strictSame(tokensIn('bokeh, one, two, bokeh'), ['one', 'two', 'bokeh'])
  t.strictSame(tokensIn('bokeh, '), [''])
  for (const other of [undefined, '', 'bokeh', 'graphql-ws', 'graphql-ws, token', 'Bokeh, token']) t.strictSame(tokensIn(other), [], `${other ?? 'none'}: no token of a page`)
})

t.test('random bytes, as they are or packed, never throw', async () => {
  fc.assert(fc.property(fc.uint8Array(), bytes => { for (const token of [base64(bytes), inside(bytes), outside({ __bk__zlib_: base64(bytes) }), Buffer.from(bytes).toString('latin1')]) readToken(token) }))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => { for (const token of tokensIn(`bokeh,${text}`)) readToken(token) }))
  fc.assert(fc.property(fc.jsonValue(), value => { for (const token of [base64(JSON.stringify(value)), inside(JSON.stringify(value))]) readToken(token) }))
})
