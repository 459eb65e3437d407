/** Answers of an app as bytes. `next` is what the bytes behind would be, if they were taken for the answer to the next request. */
export interface Bytes {
  readonly bytes: string
  /** What its own client gets: the body of a whole answer, a page of ours by its status, or an answer that breaks off. */
  readonly becomes: string | number | 'cut'
  /** Bytes that come when the answer was heard, and nobody has asked for anything. */
  readonly late?: string
}

const next = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nSet-Cookie: poison=1\r\n\r\npoison'
const ok = (headers: string, body = '') => `HTTP/1.1 200 OK\r\n${headers}\r\n${body}`
const chunked = 'Transfer-Encoding: chunked\r\n'

export const ANSWERS: Readonly<Record<string, Bytes>> = {
  'an answer as it should be': { bytes: ok('Content-Length: 2\r\n', 'ok'), becomes: 'ok' },
  'another answer behind it': { bytes: ok('Content-Length: 2\r\n', `ok${next}`), becomes: 'ok' },
  'another answer behind it, late': { bytes: ok('Content-Length: 2\r\n', 'ok'), late: next, becomes: 'ok' },
  'a few bytes behind it': { bytes: ok('Content-Length: 2\r\n', 'ok!'), becomes: 'ok' },
  'a few bytes behind it, late': { bytes: ok('Content-Length: 2\r\n', 'ok'), late: '!', becomes: 'ok' },
  'half an answer behind it, late': { bytes: ok('Content-Length: 2\r\n', 'ok'), late: next.slice(0, 30), becomes: 'ok' },
  'another answer behind the last chunk': { bytes: ok(chunked, `2\r\nok\r\n0\r\n\r\n${next}`), becomes: 'ok' },
  'another answer behind a 204': { bytes: `HTTP/1.1 204 No Content\r\n\r\n${next}`, becomes: '' },
  'a body of a 204': { bytes: `HTTP/1.1 204 No Content\r\nContent-Length: ${next.length}\r\n\r\n${next}`, becomes: '' },
  'another answer behind a 304': { bytes: `HTTP/1.1 304 Not Modified\r\nContent-Length: ${next.length}\r\n\r\n${next}`, becomes: '' },
  'two lengths': { bytes: ok(`Content-Length: 2\r\nContent-Length: ${next.length + 2}\r\n`, `ok${next}`), becomes: 502 },
  'the same length twice': { bytes: ok('Content-Length: 2\r\nContent-Length: 2\r\n', 'ok'), becomes: 502 },
  'two lengths in one': { bytes: ok('Content-Length: 2, 2\r\n', 'ok'), becomes: 502 },
  'a length beside chunks': { bytes: ok(`Content-Length: 2\r\n${chunked}`, `2\r\nok\r\n0\r\n\r\n${next}`), becomes: 502 },
  'chunks beside a length': { bytes: ok(`${chunked}Content-Length: 2\r\n`, `2\r\nok\r\n0\r\n\r\n${next}`), becomes: 502 },
  'a length with a plus': { bytes: ok('Content-Length: +2\r\n', 'ok'), becomes: 502 },
  'a negative length': { bytes: ok('Content-Length: -2\r\n', 'ok'), becomes: 502 },
  'a length beyond all numbers': { bytes: ok('Content-Length: 99999999999999999999\r\n', 'ok'), becomes: 502 },
  'a length of words': { bytes: ok('Content-Length: two\r\n', 'ok'), becomes: 502 },
  'a bad chunk at once': { bytes: ok(chunked, 'zz\r\nok\r\n0\r\n\r\n'), becomes: 'cut' },
  'a bad chunk behind a good one': { bytes: ok(chunked, '2\r\nok\r\n-1\r\n'), becomes: 'cut' },
  'a chunk that is longer than its size': { bytes: ok(chunked, '1\r\nok\r\n0\r\n\r\n'), becomes: 'cut' },
  'a chunk beyond all numbers': { bytes: ok(chunked, '10000000000000002\r\nok\r\n0\r\n\r\n'), becomes: 'cut' },
  'a bare line feed in the head': { bytes: ok('X-A: b\nContent-Length: 2\r\n', 'ok'), becomes: 502 },
  'a bare carriage return in the head': { bytes: ok('X-A: b\rX-B: c\r\nContent-Length: 2\r\n', 'ok'), becomes: 502 },
  'a NUL in the head': { bytes: ok('X-A: b\0\r\nContent-Length: 2\r\n', 'ok'), becomes: 502 },
  'a folded header': { bytes: ok('X-A: b\r\n c\r\nContent-Length: 2\r\n', 'ok'), becomes: 502 },
  'a space before the colon': { bytes: ok('Content-Length : 2\r\n', 'ok'), becomes: 502 },
  'no colon': { bytes: ok('Content-Length\r\n', 'ok'), becomes: 502 },
  'another version, with a length all the same': { bytes: 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok', becomes: 'ok' },
  'no version': { bytes: 'ok\r\n\r\n', becomes: 502 },
  'a status of four digits': { bytes: 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok', becomes: 502 },
  'a switch that nobody asked for': { bytes: `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${next}`, becomes: 502 },
  'a 100 that nobody asked for': { bytes: `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 2\r\n', 'ok')}`, becomes: 502 },
  'a few interim answers': { bytes: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3) + ok('Content-Length: 2\r\n', 'ok'), becomes: 'ok' },
  'interim answers without end': { bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'.repeat(5_000), becomes: 502 },
  'a head without end': { bytes: `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}`, becomes: 502 }
}
