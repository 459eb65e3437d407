// What the token endpoint says, and how it says it.
import { gzipSync } from 'node:zlib'
import { json, type Answer } from '../../fixtures/hostile-provider.ts'
import { client, raw, text, type Misbehaving } from './provider.ts'
import { ADA, admitted, refused, type Does, type Refused, type Row } from './row.ts'

const TOKEN = '/token'
const answer = (title: string, said: (provider: Misbehaving) => Answer, says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID'): Row => ({ title, does: { answers: { [TOKEN]: said } }, expects: refused(code, says, 'token') })
const fields = (title: string, token: Does['token'], says: RegExp): Row => ({ title, does: { token: token as Exclude<Does['token'], undefined> }, expects: refused('GATE_PROVIDER_ANSWER_INVALID', says, 'token') })
const fine = (title: string, does: Does, app = ADA): Row => ({ title, does, expects: admitted(app) })

/** An answer that would be honest, but for the way it comes. */
const honest = async (p: Misbehaving, more = {}): Promise<string> => JSON.stringify({ access_token: p.accessToken, token_type: 'Bearer', expires_in: 120, id_token: await p.sign(p.claims()), ...more })
const wrapped = (title: string, wrap: (body: string) => Answer, says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID'): Row => answer(title, p => async (response, seen) => wrap(await honest(p))(response, seen), says, code)
const taken = (title: string, wrap: (body: string, p: Misbehaving) => Answer): Row => fine(title, { answers: { [TOKEN]: p => async (response, seen) => wrap(await honest(p), p)(response, seen) } })
const head = (body: string, more = ''): string => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n`

export const tokenRows: readonly Row[] = [
  // RFC 6749 §5.2
  answer('invalid_grant: the code is refused', () => json({ error: 'invalid_grant' }, 400), /answered 400 invalid_grant; the redirect URI was http/, 'GATE_GRANT_REFUSED'),
  answer('an error with 200, as some have it', () => json({ error: 'bad_verification_code' }), /answered 200 bad_verification_code/, 'GATE_GRANT_REFUSED'),
  answer('an error beside tokens', p => json({ error: 'server_error', access_token: p.accessToken, token_type: 'Bearer' }), /answered 200 server_error/, 'GATE_PROVIDER_REFUSED'),
  answer('an error that is null beside tokens', p => json({ error: null, access_token: p.accessToken, token_type: 'Bearer' }), /an error code that breaks RFC 6749/, 'GATE_PROVIDER_REFUSED'),
  answer('invalid_client', () => json({ error: 'invalid_client' }, 401), /answered 401 invalid_client/, 'GATE_CLIENT_REFUSED'),
  answer('401 with another word', () => json({ error: 'access_denied' }, 401), /answered 401 access_denied/, 'GATE_CLIENT_REFUSED'),
  answer('401 that asks for a password', () => response => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"', 'content-type': 'application/json' }).end('{"error":"invalid_client"}'), /answered 401 invalid_client/, 'GATE_CLIENT_REFUSED'),
  answer('an address of ours that is not registered', () => json({ error: 'invalid_grant', error_description: 'redirect_uri does not match' }, 400), /redirect_uri does not match/, 'GATE_REDIRECT_URI_REFUSED'),
  answer('an error that is an object', () => json({ error: { message: 'no' } }, 400), /an error code that breaks RFC 6749/, 'GATE_PROVIDER_REFUSED'),
  answer('an error whose code is the code', p => json({ error: p.login.code }, 400), /answered 400 \[redacted\]/, 'GATE_PROVIDER_REFUSED'),
  answer('an error that repeats the code, the verifier and the client’s secret', p => json({ error: 'invalid_grant', error_description: `code=${p.login.code} verifier=${p.codeVerifier} secret=${client.secret}` }, 400), /code=\[redacted\] verifier=\[redacted\] secret=\[redacted\]/, 'GATE_GRANT_REFUSED'),
  answer('an error that repeats the code as it was sent', p => json({ error: 'invalid_grant', error_description: `${encodeURIComponent(p.login.code)}\r\n{"level":"fatal"}` }, 400), /\[redacted\]\{"level":"fatal"\}/, 'GATE_GRANT_REFUSED'),
  answer('an error of 100 kB', () => json({ error: 'server_error', error_description: 'no '.repeat(33_000) }, 400), /^.{200,500}$/, 'GATE_PROVIDER_REFUSED'),
  // statuses
  ...[201, 202, 206, 400, 403, 404, 429, 500, 503].map(status => answer(`tokens with ${status}`, p => async (response, seen) => json(JSON.parse(await honest(p)), status)(response, seen), new RegExp(`answered ${status} without an error code`))),
  answer('no content: 204', () => response => response.writeHead(204).end(), /answered 204 with no content type/),
  answer('421, after which a browser would ask again: the code is not sent twice', p => async (response, seen) => json(JSON.parse(await honest(p)), 421)(response, seen), /answered 421, to be asked again/),
  answer('408, after which a browser would ask again', () => response => response.writeHead(408, { connection: 'close' }).end(), /answered 408 with no content type/),
  answer('503 that says when to come again', () => response => response.writeHead(503, { 'retry-after': '0', 'content-type': 'text/html' }).end('<h1>soon'), /answered 503 with text\/html/),
  ...[301, 302, 303, 307, 308].map(status => answer(`a redirect with ${status} to another server: neither code nor secret goes there`, ({ elsewhere }) => response => response.writeHead(status, { location: `${elsewhere.issuer}/token` }).end(), new RegExp(`answered ${status}, a redirect to`))),
  answer('a redirect to an address with the code and the verifier in its path', p => response => response.writeHead(307, { location: `${p.issuer}/token/${p.login.code}/${p.codeVerifier}` }).end(), /a redirect to .*\/token\/\[redacted\]\/\[redacted\]/),
  answer('a content type that is the code', p => text('{}', { 'content-type': `application/${p.login.code}` }), /with application\/\[redacted\] instead of JSON/),
  answer('a content type that is the client’s secret', () => text('{}', { 'content-type': `application/${client.secret}` }), /instead of JSON/),
  answer('a redirect to itself', ({ issuer }) => response => response.writeHead(307, { location: `${issuer}/token` }).end(), /answered 307, a redirect to/),
  answer('a redirect to nowhere', () => response => response.writeHead(302).end(), /answered 302, a redirect/),
  // kinds of text
  wrapped('tokens that say they are HTML', body => text(body, { 'content-type': 'text/html' }), /with text\/html instead of JSON/),
  wrapped('tokens that say they are plain text', body => text(body, { 'content-type': 'text/plain' }), /with text\/plain instead of JSON/),
  answer('tokens as a form, as they were before RFC 6749', p => text(`access_token=${p.accessToken}&token_type=bearer`, { 'content-type': 'application/x-www-form-urlencoded' }), /x-www-form-urlencoded instead of JSON/),
  answer('a content type that is a page', () => text('{}', { 'content-type': '<script>' }), /with no content type instead of JSON/),
  answer('an empty answer', () => text(''), /text that is not JSON/),
  answer('text that is no JSON', () => text('{"access_token":'), /text that is not JSON/),
  answer('JSON with a comma too many', p => text(`{"access_token":"${p.accessToken}",}`), /text that is not JSON/),
  wrapped('two documents in one answer', body => text(body + body), /text that is not JSON/),
  wrapped('tokens in UTF-16', body => text(Buffer.from(body, 'utf16le')), /text that is not JSON/),
  answer('null', () => json(null), /without a usable access_token/),
  answer('a list', p => async (response, seen) => json([JSON.parse(await honest(p))])(response, seen), /without a usable access_token/),
  answer('a number', () => json(7), /without a usable access_token/),
  answer('100,000 lists in each other', () => text('['.repeat(100_000) + ']'.repeat(100_000)), /without a usable access_token/),
  answer('tokens in __proto__', p => text(`{"__proto__":{"access_token":"${p.accessToken}"}}`), /without a usable access_token/),
  // RFC 6749 §5.1
  fields('no access token', { access_token: undefined }, /without a usable access_token/),
  fields('an empty access token', { access_token: '' }, /without a usable access_token/),
  fields('an access token that is a number', { access_token: 7 }, /without a usable access_token/),
  fields('an access token that is a list', { access_token: ['a'] }, /without a usable access_token/),
  fields('header injection: an access token with line breaks', { access_token: 'a\r\nx-admin: yes' }, /without a usable access_token/),
  fields('an access token with a blank in it', { access_token: 'a b' }, /without a usable access_token/),
  fields('an access token of another alphabet', { access_token: 'ключ' }, /without a usable access_token/),
  fields('a token of another type: mac', { token_type: 'mac' }, /token_type that is not Bearer/),
  fields('a token of another type: DPoP', { token_type: 'DPoP' }, /token_type that is not Bearer/),
  fields('a type that is an object', { token_type: { bearer: true } }, /token_type that is not Bearer/),
  fields('a type that is a list', { token_type: ['Bearer'] }, /token_type that is not Bearer/),
  fields('a type that is a number', { token_type: 0 }, /token_type that is not Bearer/),
  fine('a type in capitals', { token: { token_type: 'BEARER' } }),
  fine('no type, as some have it', { token: { token_type: undefined } }),
  fine('a life of the token that is a text', { token: { expires_in: '120' } }),
  fine('a life of the token that is negative', { token: { expires_in: -1 } }),
  fine('a life of the token that is for ever', { token: { expires_in: 1e300 } }),
  fine('a life of the token that is an object', { token: { expires_in: {} } }),
  fine('a refresh token that is an object', { token: { refresh_token: { a: 1 } } }),
  fine('a scope that we never asked for', { token: { scope: 'admin root', authorization_details: [{ type: 'all' }] } }),
  taken('the access token twice, of which the last counts', (body, p) => text(body.replace('{', '{"access_token":"the-first",').replace(/}$/, `,"access_token":"${p.accessToken}"}`))),
  taken('a mark at the beginning', body => text(`\uFEFF${body}`)),
  taken('blanks around', body => text(`\r\n\t ${body} \n`)),
  // RFC 9112
  taken('HTTP/1.0', body => raw(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${body}`)),
  taken('an answer without a length, that ends with the connection', body => raw(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${body}`)),
  taken('early hints before the answer', body => raw(`HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n${head(body, 'connection: close\r\n')}${body}`)),
  taken('an answer of one byte at a time', body => response => {
    response.writeHead(200, { 'content-type': 'application/json' })
    for (const byte of Buffer.from(body)) response.write(Buffer.of(byte))
    response.end()
  }),
  taken('an answer that travels compressed', body => text(gzipSync(body), { 'content-encoding': 'gzip' })),
  taken('a cookie, which nobody keeps', body => text(body, { 'set-cookie': 'sticky=1; Path=/' })),
  taken('response splitting: a second answer behind the first, about somebody else', body => {
    const forged = JSON.stringify({ sub: 'ada-1', email: 'admin@example.com', email_verified: true })
    return raw(`${head(body)}${body}${head(forged)}${forged}`, 'open')
  }),
  wrapped('an answer that ends too early', body => raw(head(body) + body.slice(0, 40)), /other side closed|terminated/, 'GATE_PROVIDER_UNREACHABLE'),
  wrapped('a chunk that ends too early', body => raw(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`), /other side closed|terminated/, 'GATE_PROVIDER_UNREACHABLE'),
  wrapped('a chunk whose size is a word', body => raw(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nsize\r\n${body}\r\n0\r\n\r\n`), /Invalid character in chunk size/, 'GATE_PROVIDER_UNREACHABLE'),
  wrapped('a length and chunks at once', body => raw(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`), /content.length/i, 'GATE_PROVIDER_UNREACHABLE'),
  wrapped('two lengths', body => raw(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\ncontent-length: 5\r\n\r\n${body}`), /content.length/i, 'GATE_PROVIDER_UNREACHABLE'),
  answer('garbage in place of HTTP', () => raw(Buffer.alloc(600, 0xa5)), /HTTPParserError|Expected HTTP/, 'GATE_PROVIDER_UNREACHABLE'),
  answer('a reset before the answer', () => raw('', 'reset'), /ECONNRESET|other side closed/, 'GATE_PROVIDER_UNREACHABLE'),
  wrapped('a reset in the middle of the answer', body => raw(head(body) + body.slice(0, 40), 'reset'), /ECONNRESET|other side closed|terminated/, 'GATE_PROVIDER_UNREACHABLE'),
  answer('headers of 100 kB', () => raw(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n{}`), /Headers Overflow/, 'GATE_PROVIDER_UNREACHABLE'),
  wrapped('an answer of more than 1 MiB', body => text(body + ' '.repeat(1_100_000)), /answered more than 1 MiB/),
  wrapped('an answer of more than 1 MiB once it is unpacked', body => text(gzipSync(body + ' '.repeat(50_000_000)), { 'content-encoding': 'gzip' }), /answered more than 1 MiB/),
  wrapped('an answer that is packed three times', body => text(gzipSync(gzipSync(gzipSync(body + ' '.repeat(50_000_000)))), { 'content-encoding': 'gzip, gzip, gzip' }), /answered more than 1 MiB/),
  answer('an answer that never ends, as fast as it can', () => response => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = (): void => { while (!response.destroyed && response.write(' '.repeat(65_536))); }
    response.on('drain', more)
    more()
  }, /answered more than 1 MiB/)
]
