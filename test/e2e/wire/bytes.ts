/** Requests as bytes. In them `{path}` is a page, and `{head}` the Host and the cookies of whoever asks. */
export interface Bytes {
  readonly bytes: string
  /**
   * What becomes of it: a status means that it is refused with that, by a connection that ends there; `cut` that its connection ends without an
   * answer of the app; texts are what the app hears, each of it once, with `{path}` where that was asked for.
   */
  readonly becomes: number | 'cut' | readonly string[]
}

const get = (more = '', body = '', method = 'GET') => `${method} {path} HTTP/1.1\r\n{head}${more}\r\n${body}`
const post = (more: string, body = '') => get(more, body, 'POST')
const line = (text: string) => `${text}\r\n{head}\r\n`
const host = (...lines: string[]) => `GET {path} HTTP/1.1\r\n${lines.map(value => `Host:${value}\r\n`).join('')}\r\n`
const chunked = 'Transfer-Encoding: chunked\r\n'
const smuggled = 'GET {path}?smuggled HTTP/1.1\r\n{head}\r\n'
const websocket = (more = '', { method = 'GET', version = '13', key = 'dGhlIHNhbXBsZSBub25jZQ==', protocol = 'websocket', http = '1.1' } = {}) =>
  `${method} {path} HTTP/${http}\r\n{head}Origin: {origin}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`
const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'

/** Every name says what is odd about it. */
export const BYTES: Readonly<Record<string, Bytes>> = {
  // What passes, so that nothing else is refused for a fault of the table
  'a plain request': { bytes: get(), becomes: ['GET {path}'] },
  'two of them at once': { bytes: get() + get(), becomes: ['GET {path}', 'GET {path}'] },
  'a body by its length': { bytes: post('Content-Length: 5\r\n', 'hello'), becomes: ['POST {path} hello'] },
  'a body in chunks': { bytes: post(chunked, '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'), becomes: ['POST {path} hello'] },
  'a body of a GET': { bytes: get('Content-Length: 5\r\n', 'hello'), becomes: ['GET {path} hello'] },
  'a body of a GET in chunks': { bytes: get(chunked, '5\r\nhello\r\n0\r\n\r\n'), becomes: ['GET {path} hello'] },
  'a body of a HEAD and of a DELETE': { bytes: get('Content-Length: 1\r\n', 'x', 'DELETE') + get('Content-Length: 1\r\n', 'y', 'HEAD'), becomes: ['DELETE {path} x', 'HEAD {path} y'] },
  'a request that is a body': { bytes: post(`Content-Length: ${'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'.length}\r\n`, 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'), becomes: ['POST {path} GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'] },
  'a request that is a chunk': { bytes: post(chunked, `1f\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n`), becomes: ['POST {path} GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'] },
  'an empty line before the request': { bytes: `\r\n${get()}`, becomes: ['GET {path}'] },

  // Lengths
  'length with chunks': { bytes: post(`Content-Length: 3\r\n${chunked}`, `0\r\n\r\n${smuggled}`), becomes: 400 },
  'chunks with length': { bytes: post(`${chunked}Content-Length: 3\r\n`, `0\r\n\r\n${smuggled}`), becomes: 400 },
  'chunks with no length': { bytes: post(`${chunked}Content-Length: 0\r\n`, '0\r\n\r\n'), becomes: 400 },
  'two lengths': { bytes: post('Content-Length: 3\r\nContent-Length: 0\r\n', 'abc'), becomes: 400 },
  'the same length twice': { bytes: post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'), becomes: 400 },
  'two lengths in one': { bytes: post('Content-Length: 3, 3\r\n', 'abc'), becomes: 400 },
  'a length with a plus': { bytes: post('Content-Length: +3\r\n', 'abc'), becomes: 400 },
  'a negative length': { bytes: post('Content-Length: -3\r\n', 'abc'), becomes: 400 },
  'a length in hexadecimal': { bytes: post('Content-Length: 0x3\r\n', 'abc'), becomes: 400 },
  'a length with an exponent': { bytes: post('Content-Length: 3e0\r\n', 'abc'), becomes: 400 },
  'a length with a fraction': { bytes: post('Content-Length: 3.0\r\n', 'abc'), becomes: 400 },
  'a length with a space in it': { bytes: post('Content-Length: 3 0\r\n', 'abc'), becomes: 400 },
  'a length of words': { bytes: post('Content-Length: three\r\n', 'abc'), becomes: 400 },
  'a length beyond all numbers': { bytes: post('Content-Length: 99999999999999999999\r\n', 'abc'), becomes: 400 },
  'a length that is 0 modulo 2⁶⁴': { bytes: post('Content-Length: 18446744073709551616\r\n', smuggled), becomes: 400 },
  'an empty length': { bytes: post('Content-Length:\r\n', smuggled), becomes: 400 },
  'a length with zeros before it': { bytes: post('Content-Length: 0005\r\n', 'hello'), becomes: ['POST {path} hello'] },
  'a length in another case': { bytes: post('cONTENT-lENGTH: 5\r\n', 'hello'), becomes: ['POST {path} hello'] },
  'a length with an underscore is none': { bytes: post('Content_Length: 5\r\n'), becomes: ['POST {path}'] },
  'a length in quotes': { bytes: post('Content-Length: "3"\r\n', 'abc'), becomes: 400 },

  // Codings
  'a coding beside chunked': { bytes: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), becomes: 400 },
  'chunked twice': { bytes: post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), becomes: 400 },
  'two codings': { bytes: post(chunked + chunked, '0\r\n\r\n'), becomes: 400 },
  'chunked and identity': { bytes: post(`${chunked}Transfer-Encoding: identity\r\n`, '0\r\n\r\n'), becomes: 400 },
  'identity alone': { bytes: post('Transfer-Encoding: identity\r\n', smuggled), becomes: 400 },
  'a coding that only begins like it': { bytes: post('Transfer-Encoding: chunkedx\r\n', smuggled), becomes: 400 },
  'a coding that only ends like it': { bytes: post('Transfer-Encoding: xchunked\r\n', smuggled), becomes: 400 },
  'chunked before another': { bytes: post('Transfer-Encoding: chunked, gzip\r\n', smuggled), becomes: 400 },
  'an empty coding': { bytes: post('Transfer-Encoding:\r\n', smuggled), becomes: 400 },
  'a coding in quotes': { bytes: post('Transfer-Encoding: "chunked"\r\n', smuggled), becomes: 400 },
  'a coding with a parameter': { bytes: post('Transfer-Encoding: chunked;q=1\r\n', smuggled), becomes: 400 },
  'a coding with a comma behind it': { bytes: post('Transfer-Encoding: chunked,\r\n', '0\r\n\r\n'), becomes: 400 },
  'a coding behind a vertical tab': { bytes: post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), becomes: 400 },
  'a coding behind a form feed': { bytes: post('Transfer-Encoding: \x0cchunked\r\n', '0\r\n\r\n'), becomes: 400 },
  'a coding behind a no-break space': { bytes: post('Transfer-Encoding: \xa0chunked\r\n', smuggled), becomes: 400 },
  'a coding on HTTP/1.0': { bytes: post(chunked, '0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'), becomes: 400 },
  'a coding behind a tab': { bytes: post('Transfer-Encoding:\tchunked\r\n', '5\r\nhello\r\n0\r\n\r\n'), becomes: ['POST {path} hello'] },
  'a coding before a tab': { bytes: post('Transfer-Encoding: chunked\t\r\n', '5\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a coding in another case': { bytes: post('tRANSFER-eNCODING: CHUNKED\r\n', '5\r\nhello\r\n0\r\n\r\n'), becomes: ['POST {path} hello'] },
  'a coding with an underscore is none': { bytes: post('Transfer_Encoding: chunked\r\n'), becomes: ['POST {path}'] },
  'a coding with a space before its colon': { bytes: post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), becomes: 400 },
  'a coding behind a space': { bytes: post(' Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), becomes: 400 },
  'a coding that Connection names': { bytes: post(`${chunked}Connection: Transfer-Encoding\r\n`, '5\r\nhello\r\n0\r\n\r\n'), becomes: ['POST {path} hello'] },
  'a length that Connection names': { bytes: post('Content-Length: 5\r\nConnection: Content-Length, Host\r\n', 'hello'), becomes: ['POST {path} hello'] },

  // Chunks
  'an extension of a chunk': { bytes: post(chunked, '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'), becomes: ['POST {path} hello'] },
  'a trailer that frames': { bytes: post(`${chunked}Trailer: Content-Length\r\n`, '5\r\nhello\r\n0\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\nHost: evil\r\n\r\n'), becomes: 'cut' },
  'a trailer that says who somebody is': { bytes: post(`${chunked}Trailer: X-Forwarded-User\r\n`, '5\r\nhello\r\n0\r\nX-Forwarded-User: root\r\n\r\n'), becomes: ['POST {path} hello'] },
  'an endless extension': { bytes: post(chunked, `5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`), becomes: 'cut' },
  'a line feed in an extension': { bytes: post(chunked, `5;\nxx\r\n${smuggled}0\r\n\r\n`), becomes: 'cut' },
  'a line feed behind a chunk’s size': { bytes: post(chunked, '5\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a line feed behind a chunk': { bytes: post(chunked, '5\r\nhello\n0\r\n\r\n'), becomes: 'cut' },
  'a carriage return behind a chunk’s size': { bytes: post(chunked, '5\rhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk in hexadecimal': { bytes: post(chunked, '0x5\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk with a plus': { bytes: post(chunked, '+5\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a negative chunk': { bytes: post(chunked, '-5\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk with an underscore': { bytes: post(chunked, '5_0\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk of no size': { bytes: post(chunked, '\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk beyond all numbers': { bytes: post(chunked, '10000000000000005\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk that is longer than its size': { bytes: post(chunked, '5\r\nhelloX\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk behind a space': { bytes: post(chunked, ' 5\r\nhello\r\n0\r\n\r\n'), becomes: 'cut' },
  'a folded trailer': { bytes: post(chunked, '5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n'), becomes: 'cut' },
  'a trailer with a bare line feed': { bytes: post(chunked, '5\r\nhello\r\n0\r\nX-A: b\nX-B: c\r\n\r\n'), becomes: 'cut' },

  // Lines
  'a folded header': { bytes: get('X-A: b\r\n c\r\n'), becomes: 400 },
  'a header folded with a tab': { bytes: get('X-A: b\r\n\tc\r\n'), becomes: 400 },
  'a first header that is folded': { bytes: 'GET {path} HTTP/1.1\r\n X-A: b\r\n{head}\r\n', becomes: 400 },
  'a bare line feed between headers': { bytes: get('X-A: b\nX-B: c\r\n'), becomes: 400 },
  'bare line feeds everywhere': { bytes: get().replaceAll('\r\n', '\n'), becomes: 400 },
  'a bare line feed at the end': { bytes: get('X-A: b\r\n').replace(/\r\n\r\n$/, '\n\n'), becomes: 400 },
  'a bare line feed behind the request line': { bytes: get().replace('\r\n', '\n'), becomes: 400 },
  'a bare carriage return in a value': { bytes: get('X-A: b\rX-B: c\r\n'), becomes: 400 },
  'a bare carriage return at the end': { bytes: get(`X-A: b\r\n\r${smuggled}`), becomes: 400 },
  'an end without its line feed': { bytes: `GET {path} HTTP/1.1\r\n{head}\r${smuggled}`, becomes: 400 },
  'two carriage returns': { bytes: get('X-A: b\r\r\n'), becomes: 400 },
  'a NUL in a value': { bytes: get('X-A: b\0c\r\n'), becomes: 400 },
  'a NUL in a name': { bytes: get('X-\0A: b\r\n'), becomes: 400 },
  'a control character in a value': { bytes: get('X-A: b\x01c\r\n'), becomes: 400 },
  'a delete character in a value': { bytes: get('X-A: b\x7fc\r\n'), becomes: 400 },
  'a space before the colon': { bytes: get('X-A : b\r\n'), becomes: 400 },
  'a tab before the colon': { bytes: get('X-A\t: b\r\n'), becomes: 400 },
  'a space in a name': { bytes: get('X A: b\r\n'), becomes: 400 },
  'no colon': { bytes: get('X-A\r\n'), becomes: 400 },
  'no name': { bytes: get(': b\r\n'), becomes: 400 },
  'a name in brackets': { bytes: get('(X): b\r\n'), becomes: 400 },
  'a name that is not ASCII': { bytes: get('X-\xc3\xa9: b\r\n'), becomes: 400 },
  'a name as of JavaScript’s objects': { bytes: get('__proto__: a\r\nconstructor: b\r\ntoString: c\r\nhasOwnProperty: d\r\n__proto__: e\r\n'), becomes: ['GET {path}'] },
  'a query as of JavaScript’s objects': { bytes: get().replace('{path}', '{path}?__proto__[x]=1&constructor=2&__proto__=3'), becomes: ['GET {path}?__proto__[x]=1&constructor=2&__proto__=3'] },

  // Targets
  'an absolute target': { bytes: line('GET http://evil.example{path} HTTP/1.1'), becomes: 400 },
  'an absolute target of ours': { bytes: line('GET {origin}{path} HTTP/1.1'), becomes: 400 },
  'a target with a host alone': { bytes: line('GET evil.example:80 HTTP/1.1'), becomes: 400 },
  'a star': { bytes: line('OPTIONS * HTTP/1.1'), becomes: 400 },
  'a star of a GET': { bytes: line('GET * HTTP/1.1'), becomes: 400 },
  'a target without a slash': { bytes: line('GET path HTTP/1.1'), becomes: 400 },
  'a query alone': { bytes: line('GET ?a HTTP/1.1'), becomes: 400 },
  'no target': { bytes: line('GET  HTTP/1.1'), becomes: 400 },
  'a space in the target': { bytes: line('GET {path} x HTTP/1.1'), becomes: 400 },
  'a tab in the target': { bytes: line('GET {path}\tx HTTP/1.1'), becomes: 400 },
  'a NUL in the target': { bytes: line('GET {path}\0 HTTP/1.1'), becomes: 400 },
  'a control character in the target': { bytes: line('GET {path}\x01 HTTP/1.1'), becomes: 400 },
  'a delete character in the target': { bytes: line('GET {path}\x7f HTTP/1.1'), becomes: 400 },
  'a carriage return in the target': { bytes: line('GET {path}\rx HTTP/1.1'), becomes: 400 },
  'a second request line in the target': { bytes: line('GET {path}\nGET / HTTP/1.1'), becomes: 400 },

  // Versions and methods
  'HTTP/0.9': { bytes: 'GET {path}\r\n\r\n', becomes: 400 },
  'HTTP/0.9 by name': { bytes: line('GET {path} HTTP/0.9'), becomes: 400 },
  'HTTP/1.2': { bytes: line('GET {path} HTTP/1.2'), becomes: 400 },
  'HTTP/1.10': { bytes: line('GET {path} HTTP/1.10'), becomes: 400 },
  'HTTP/2.0': { bytes: line('GET {path} HTTP/2.0'), becomes: 400 },
  'HTTP/3': { bytes: line('GET {path} HTTP/3'), becomes: 400 },
  'http in small letters': { bytes: line('GET {path} http/1.1'), becomes: 400 },
  'another protocol': { bytes: line('GET {path} ICY/1.1'), becomes: 400 },
  'a method of RTSP': { bytes: line('DESCRIBE {path} RTSP/1.0'), becomes: 405 },
  'a method of the day after tomorrow': { bytes: get('', '', 'QUERY'), becomes: ['QUERY {path}'] },
  'the preface of HTTP/2': { bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', becomes: 400 },
  'a handshake of TLS': { bytes: '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', becomes: 400 },
  'a method in small letters': { bytes: get('', '', 'get'), becomes: 400 },
  'a method that nobody knows': { bytes: get('', '', 'GETX'), becomes: 400 },
  'a method with a NUL': { bytes: get('', '', 'GET\0'), becomes: 400 },
  'a space before the method': { bytes: ` ${get()}`, becomes: 400 },
  'two spaces behind the method': { bytes: line('GET  {path} HTTP/1.1'), becomes: ['GET {path}'] },
  'a tab behind the method': { bytes: line('GET\t{path} HTTP/1.1'), becomes: 400 },
  'a space behind the version': { bytes: line('GET {path} HTTP/1.1 '), becomes: 400 },
  TRACE: { bytes: get('', '', 'TRACE'), becomes: [] },
  'CONNECT of a path': { bytes: get('', '', 'CONNECT'), becomes: 'cut' },
  'CONNECT of a host': { bytes: line('CONNECT evil.example:443 HTTP/1.1'), becomes: 'cut' },

  // Hosts
  'no Host': { bytes: host(), becomes: 400 },
  'an empty Host': { bytes: host(''), becomes: 400 },
  'two Hosts': { bytes: host(' a', ' b'), becomes: 400 },
  'the same Host twice': { bytes: host(' a', ' a'), becomes: 400 },
  'two Hosts in one': { bytes: host(' a, b'), becomes: 400 },
  'a Host with userinfo': { bytes: host(' a@b'), becomes: 400 },
  'a Host with a path': { bytes: host(' a/b'), becomes: 400 },
  'a Host with a backslash': { bytes: host(' a\\b'), becomes: 400 },
  'a Host with a query': { bytes: host(' a?b'), becomes: 400 },
  'a Host with a space': { bytes: host(' a b'), becomes: 400 },
  'a Host with quotes': { bytes: host(' "a"'), becomes: 400 },
  'a Host with a bad port': { bytes: host(' a:b'), becomes: 400 },
  'a Host with a port beyond all ports': { bytes: host(' a:99999'), becomes: 400 },
  'a Host that is encoded': { bytes: host(' a%2eb'), becomes: 400 },
  'a Host that is not ASCII': { bytes: host(' \xc3\xa9'), becomes: 400 },
  'no Host on HTTP/1.0': { bytes: 'GET {path} HTTP/1.0\r\n\r\n', becomes: 400 },

  // Other protocols, and expectations
  'an offer of h2c': { bytes: get(h2c), becomes: ['GET {path}'] },
  'an offer of h2c with a body': { bytes: post(`${h2c}Content-Length: 3\r\n`, 'abc'), becomes: 400 },
  'an offer of h2c in chunks': { bytes: post(h2c + chunked, '0\r\n\r\n'), becomes: 400 },
  'an upgrade that Connection does not name': { bytes: get('Upgrade: h2c\r\n'), becomes: ['GET {path}'] },
  'an upgrade to TLS': { bytes: get('Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n'), becomes: ['GET {path}'] },
  'a websocket by POST': { bytes: websocket('', { method: 'POST' }), becomes: 400 },
  'a websocket of another version': { bytes: websocket('', { version: '8' }), becomes: 400 },
  'a websocket with a bad key': { bytes: websocket('', { key: 'short' }), becomes: 400 },
  'a websocket with a body': { bytes: websocket('Content-Length: 5\r\n'), becomes: 400 },
  'a websocket with chunks': { bytes: websocket(chunked), becomes: 400 },
  'a websocket over HTTP/1.0': { bytes: websocket('', { http: '1.0' }), becomes: 400 },
  'a websocket or h2c': { bytes: websocket('', { protocol: 'websocket, h2c' }), becomes: ['GET {path}'] },
  'a websocket with two keys': { bytes: websocket('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'), becomes: 400 },
  'a websocket with two versions': { bytes: websocket('Sec-WebSocket-Version: 8\r\n'), becomes: 400 },
  'an expectation': { bytes: post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello'), becomes: ['POST {path} hello'] },
  'another expectation': { bytes: post('Expect: 200-ok\r\nContent-Length: 5\r\n', 'hello'), becomes: 400 },
  'two expectations': { bytes: post('Expect: 100-continue, 100-continue\r\nContent-Length: 5\r\n', 'hello'), becomes: 400 },

  // Limits
  'two hundred headers': { bytes: get('X: y\r\n'.repeat(190)), becomes: ['GET {path}'] },
  'more headers than two hundred': { bytes: get('X: y\r\n'.repeat(200)), becomes: 431 },
  'a coding behind more headers than Node looks at': { bytes: post(`${'X: y\r\n'.repeat(2_100)}${chunked}`, '0\r\n\r\n'), becomes: 431 },
  'headers that are too large': { bytes: get(`X: ${'y'.repeat(66_000)}\r\n`), becomes: 431 },
  'a name that is too large': { bytes: get(`${'X'.repeat(66_000)}: y\r\n`), becomes: 431 },
  'a target that is too large': { bytes: line(`GET {path}?${'y'.repeat(66_000)} HTTP/1.1`), becomes: 431 },
  'a target of thirty thousand characters': { bytes: line(`GET {path}?${'y'.repeat(30_000)} HTTP/1.1`), becomes: [`GET {path}?${'y'.repeat(30_000)}`] }
}
