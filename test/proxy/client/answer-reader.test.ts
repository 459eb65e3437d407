// What an app answers to GET, as bytes: what is read of it, what is refused and why, however it comes.
import t from 'tap'
import { AnswerReader } from '../../../src/proxy/client/answer-reader.ts'
import { readPieces, splitsOf, type Read } from './reading.ts'

const ok = (headers: string, body = '') => `HTTP/1.1 200 OK\r\n${headers}\r\n${body}`
const chunked = (body: string, headers = '') => ok(`Transfer-Encoding: chunked\r\n${headers}`, body)
const two = 'Content-Length: 2\r\n'

interface Good {
  readonly bytes: string
  readonly body: string
  readonly status?: number
  readonly text?: string
  /** Of the answer itself. */
  readonly pairs?: readonly string[]
  readonly trailers?: readonly string[]
  /** Of interim answers. */
  readonly before?: readonly number[]
  readonly hasMore?: boolean
  readonly isToTheEnd?: boolean
  /** Whether another answer may come; most often it may. */
  readonly mayRepeat?: boolean
  readonly keepAlive?: number
}

const GOOD: Readonly<Record<string, Good>> = {
  'a length': { bytes: ok(two, 'ok'), body: 'ok', pairs: ['Content-Length', '2'] },
  'a length of nothing': { bytes: ok('Content-Length: 0\r\n'), body: '' },
  'a length with zeros in front': { bytes: ok('Content-Length: 002\r\n', 'ok'), body: 'ok' },
  'the longest length there is': { bytes: ok('Content-Length: 000000000000002\r\n', 'ok'), body: 'ok' },
  'names as they were written': { bytes: ok('cOnTeNt-LeNgTh: 2\r\nX-a: B\r\n', 'ok'), body: 'ok', pairs: ['cOnTeNt-LeNgTh', '2', 'X-a', 'B'] },
  'the same name twice': { bytes: ok(`Set-Cookie: a=1\r\n${two}Set-Cookie: b=2\r\n`, 'ok'), body: 'ok', pairs: ['Set-Cookie', 'a=1', 'Content-Length', '2', 'Set-Cookie', 'b=2'] },
  'every character of a name': { bytes: ok(`!#$%&'*+.^_\`|~0aZ-: 1\r\n${two}`, 'ok'), body: 'ok', pairs: ['!#$%&\'*+.^_`|~0aZ-', '1', 'Content-Length', '2'] },
  'blanks around a value': { bytes: ok(`X-A:\t b \t c \t\r\nX-B:\r\nX-C: \t\r\nX-D:e\r\n${two}`, 'ok'), body: 'ok', pairs: ['X-A', 'b \t c', 'X-B', '', 'X-C', '', 'X-D', 'e', 'Content-Length', '2'] },
  'a value of bytes, with colons': { bytes: ok(`X-A: :\x80\xa0\xff:\xa0\r\n${two}`, 'ok'), body: 'ok', pairs: ['X-A', ':\x80\xa0\xff:\xa0', 'Content-Length', '2'] },
  'no words': { bytes: `HTTP/1.1 200 \r\n${two}\r\nok`, body: 'ok', text: '' },
  'no words and no blank': { bytes: `HTTP/1.1 200\r\n${two}\r\nok`, body: 'ok', text: '' },
  'words of bytes': { bytes: `HTTP/1.1 404 Not \xc3\xa9\t!\r\n${two}\r\nok`, body: 'ok', status: 404, text: 'Not \xc3\xa9\t!' },
  'a status nobody knows': { bytes: `HTTP/1.1 999 Odd\r\n${two}\r\nok`, body: 'ok', status: 999 },
  'the bytes of a head in a body': { bytes: ok('Content-Length: 19\r\n', 'HTTP/1.1 200 OK\r\n\r\n'), body: 'HTTP/1.1 200 OK\r\n\r\n' },
  'another answer behind it': { bytes: ok(two, `ok${ok(two, 'no')}`), body: 'ok', hasMore: true },
  'a byte behind it': { bytes: ok(two, 'ok!'), body: 'ok', hasMore: true },
  'a line behind it': { bytes: ok(two, 'ok\r\n'), body: 'ok', hasMore: true },
  'bytes behind a length of nothing': { bytes: ok('Content-Length: 0\r\n', 'x'), body: '', hasMore: true },
  'a 204': { bytes: 'HTTP/1.1 204 No Content\r\n\r\n', body: '', status: 204, pairs: [] },
  'a 204 with a length': { bytes: `HTTP/1.1 204 No Content\r\n${two}\r\n`, body: '', status: 204 },
  'a 204 with a body': { bytes: `HTTP/1.1 204 No Content\r\n${two}\r\nok`, body: '', status: 204, hasMore: true },
  'a 204 with chunks': { bytes: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', body: '', status: 204, hasMore: true },
  'a 304 with the length of what was not sent': { bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', body: '', status: 304 },
  'a 304 with chunks that were not sent': { bytes: 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', body: '', status: 304 },
  'a 205 has a body like any other': { bytes: `HTTP/1.1 205 Reset\r\n${two}\r\nok`, body: 'ok', status: 205 },
  chunks: { bytes: chunked('2\r\nok\r\n0\r\n\r\n'), body: 'ok', trailers: [] },
  'several chunks': { bytes: chunked('1\r\no\r\n00a\r\nk123456789\r\nA\r\n0123456789\r\n000\r\n\r\n'), body: 'ok1234567890123456789' },
  'no chunk but the last': { bytes: chunked('0\r\n\r\n'), body: '' },
  'chunks of lines': { bytes: chunked('4\r\n\r\n\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n'), body: '\r\n\r\n0\r\n\r\n' },
  'chunks by another letter case': { bytes: ok('transfer-ENCODING:  ChUnKeD  \r\nX-A:\t\r\n', '2\r\nok\r\n0\r\n\r\n'), body: 'ok' },
  'extensions of chunks': { bytes: chunked('2;a=b\r\nok\r\n0;c="d \t\xff";e;f=""\r\n\r\n'), body: 'ok' },
  'a size as long as there is': { bytes: chunked('000000000002\r\nok\r\n0\r\n\r\n'), body: 'ok' },
  'bytes behind the last chunk': { bytes: chunked('2\r\nok\r\n0\r\n\r\n2\r\n'), body: 'ok', hasMore: true },
  trailers: { bytes: chunked('2\r\nok\r\n0\r\nX-A: b\r\nX-B:\t c d \r\nX-A:\r\n\r\n', 'Trailer: X-A\r\n'), body: 'ok', trailers: ['X-A', 'b', 'X-B', 'c d', 'X-A', ''] },
  'trailers that end with blanks': { bytes: chunked('0\r\nX-A: b\xa0 \t\r\n\r\n'), body: '', trailers: ['X-A', 'b\xa0'] },
  'a trailer that ends with a byte that looks like a blank': { bytes: chunked('0\r\nX-A: \xa0\r\n\r\n'), body: '', trailers: ['X-A', '\xa0'] },
  'a coding behind the body': { bytes: chunked('0\r\ntransfer-encoding: chunked\r\n\r\n'), body: '', trailers: ['transfer-encoding', 'chunked'], mayRepeat: false },
  'an app that closes behind the body': { bytes: chunked('0\r\nConnection: close\r\nX-A: b\r\n\r\n'), body: '', trailers: ['Connection', 'close', 'X-A', 'b'], mayRepeat: false },
  'trailers with bytes behind them': { bytes: chunked('0\r\nX-A: b\r\n\r\nX'), body: '', trailers: ['X-A', 'b'], hasMore: true },
  'neither a length nor chunks': { bytes: ok('X-A: b\r\n', 'all\r\n\r\nthere is'), body: 'all\r\n\r\nthere is', isToTheEnd: true },
  'neither, and nothing': { bytes: ok(''), body: '', isToTheEnd: true, pairs: [] },
  'interim answers': { bytes: `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n${ok(two, 'ok')}`, body: 'ok', before: [102, 103], pairs: ['Content-Length', '2'] },
  'what an interim answer promises is forgotten': { bytes: `HTTP/1.1 103 Early Hints\r\nKeep-Alive: timeout=1\r\n\r\n${ok(two, 'ok')}`, body: 'ok', before: [103] },
  'an interim answer of chunks has none': { bytes: `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${ok(two, 'ok')}`, body: 'ok', before: [103] },
  'an app that closes': { bytes: ok(`Connection: close\r\n${two}`, 'ok'), body: 'ok', mayRepeat: false },
  'an app that closes, in a list': { bytes: ok(`CONNECTION: x-close, Close ,y\r\n${two}`, 'ok'), body: 'ok', mayRepeat: false },
  'an app that closes, by one of two': { bytes: ok(`Connection: close\r\nConnection: keep-alive\r\n${two}`, 'ok'), body: 'ok', mayRepeat: false },
  'an app that has an option with close in its name': { bytes: ok(`Connection: closed, not-close\r\n${two}`, 'ok'), body: 'ok' },
  'HTTP/1.0': { bytes: `HTTP/1.0 200 OK\r\n${two}\r\nok`, body: 'ok', mayRepeat: false },
  'HTTP/1.0 that goes on': { bytes: `HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n${two}\r\nok`, body: 'ok' },
  'HTTP/1.0 that does not know what it does': { bytes: `HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n${two}\r\nok`, body: 'ok', mayRepeat: false },
  'HTTP/1.0 to the end': { bytes: 'HTTP/1.0 200 OK\r\n\r\nok', body: 'ok', isToTheEnd: true, mayRepeat: false },
  'HTTP/2.0': { bytes: `HTTP/2.0 200 OK\r\nConnection: keep-alive\r\n${two}\r\nok`, body: 'ok', mayRepeat: false },
  'a promise to wait': { bytes: ok(`Keep-Alive: timeout=5\r\n${two}`, 'ok'), body: 'ok', keepAlive: 4_000 },
  'a promise to wait, among others': { bytes: ok(`keep-alive: max=100, Timeout=72,x\r\n${two}`, 'ok'), body: 'ok', keepAlive: 71_000 },
  'a promise of a second is none': { bytes: ok(`Keep-Alive: timeout=1\r\n${two}`, 'ok'), body: 'ok', keepAlive: 0 },
  'a promise of nothing': { bytes: ok(`Keep-Alive: timeout=0\r\n${two}`, 'ok'), body: 'ok', keepAlive: -1_000 },
  'promises that are none': { bytes: ok(`Keep-Alive: notimeout=1, timeout=1x, timeout=, timeout=12345678\r\n${two}`, 'ok'), body: 'ok' }
}

/** All of a reading but the heads, which the first has to have right. */
function told ({ heads, ...rest }: Read) {
  return { ...rest, heads: heads.map(({ status, text, pairs }) => ({ status, text, pairs })) }
}

for (const [name, { bytes, body, status = 200, text, pairs, trailers = [], before = [], hasMore = false, isToTheEnd = false, mayRepeat = true, keepAlive }] of Object.entries(GOOD)) {
  t.test(`is read, whole and in every two pieces and byte by byte: ${name}`, async t => {
    const [whole, ...split] = splitsOf(bytes).map(pieces => told(readPieces(pieces)))
    t.strictSame({ ...whole, heads: whole?.heads.map(head => head.status) }, { heads: [...before, status], body, trailers, isWhole: true, ends: 1, isToTheEnd, hasMore, mayRepeat, keepAlive, refused: undefined })
    if (text !== undefined) t.equal(whole?.heads.at(-1)?.text, text)
    if (pairs !== undefined) t.strictSame(whole?.heads.at(-1)?.pairs, pairs)
    for (const [at, one] of split.entries()) if (JSON.stringify(one) !== JSON.stringify(whole)) t.strictSame(one, whole, `split ${at}`)
    t.equal(split.length, bytes.length)
  })
}

t.test('an answer is whole with its last byte and not before, and one to the end with its connection alone', async t => {
  for (const [name, { bytes, hasMore = false, isToTheEnd = false }] of Object.entries(GOOD)) {
    if (hasMore) continue
    const whole = Buffer.from(bytes, 'latin1')
    t.equal(readPieces([whole], { isAll: false }).isWhole, !isToTheEnd, name)
    if (isToTheEnd) continue
    for (let end = 0; end < whole.length; end++) {
      const { isWhole, refused, mayRepeat } = readPieces([whole.subarray(0, end)])
      if (isWhole || mayRepeat || refused !== undefined) t.fail(`${name}: the first ${end} bytes`)
    }
  }
})

const HEAD = 'a head that is none'
const EARLY = 'something else than HTTP'
const LENGTH = 'a length that is none, or several'
const CODING = 'a transfer coding other than chunked'
const INTERIM = 'an interim answer that nothing may follow'
const SIZE = 'a chunk without a size'
const LONGER = 'a chunk that is longer than its size'
const TRAILER = 'a trailer that is none, or a length behind the body'

/** Bytes, and why they are refused. A line that is wrong is seen in the head, or when the line has come. */
const REFUSED: Readonly<Record<string, readonly [bytes: string, ...why: string[]]>> = {
  'another protocol': ['SSH-2.0-OpenSSH_9.2\r\n', EARLY],
  'another protocol without a line': ['SSH-2', EARLY],
  'another case': [`http/1.1 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a line before it': [`\r\n${ok(two, 'ok')}`, HEAD, EARLY],
  'a request': ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', HEAD, EARLY],
  'no version': [`HTTP 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a version of one digit': [`HTTP/1 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a version of three digits': [`HTTP/1.10 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a version of ten': [`HTTP/11.1 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'versions that nobody has': [`HTTP/1.2 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a version to come': [`HTTP/3.0 200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'two blanks before the status': [`HTTP/1.1  200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a tab before the status': [`HTTP/1.1\t200 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'no status': [`HTTP/1.1 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a status of two digits': [`HTTP/1.1 20 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a status of four digits': [`HTTP/1.1 2000 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a status below 100': [`HTTP/1.1 099 OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a status with words behind it at once': [`HTTP/1.1 200OK\r\n${two}\r\nok`, HEAD, EARLY],
  'a control character in the words': [`HTTP/1.1 200 O\x01K\r\n${two}\r\nok`, HEAD, EARLY],
  'a bare carriage return in the words': [`HTTP/1.1 200 O\rK\r\n${two}\r\nok`, HEAD, EARLY],
  'lines that end with a line feed alone': ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok', EARLY],
  'a bare line feed behind the status': ['HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok', HEAD, EARLY],
  'a bare line feed in the head': [ok(`X-A: b\n${two}`, 'ok'), HEAD, EARLY],
  'a bare carriage return in the head': [ok(`X-A: b\rX-B: c\r\n${two}`, 'ok'), HEAD, EARLY],
  'two carriage returns': [ok(`X-A: b\r\r\n${two}`, 'ok'), HEAD, EARLY],
  'an empty line with a line feed alone': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok', EARLY],
  'an empty line with two carriage returns': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\r\nok', EARLY],
  'a NUL in a value': [ok(`X-A: b\0c\r\n${two}`, 'ok'), HEAD, EARLY],
  'a NUL in a name': [ok(`X\0A: b\r\n${two}`, 'ok'), HEAD, EARLY],
  'a delete in a value': [ok(`X-A: b\x7f\r\n${two}`, 'ok'), HEAD, EARLY],
  'a vertical tab in a value': [ok(`X-A: b\x0bc\r\n${two}`, 'ok'), HEAD, EARLY],
  'a folded header': [ok(`X-A: b\r\n c\r\n${two}`, 'ok'), HEAD, EARLY],
  'a folded status line': [`HTTP/1.1 200 OK\r\n c: d\r\n${two}\r\nok`, HEAD, EARLY],
  'a space before the colon': [ok('Content-Length : 2\r\n', 'ok'), HEAD, EARLY],
  'a tab before the colon': [ok('Content-Length\t: 2\r\n', 'ok'), HEAD, EARLY],
  'a space before the name': [ok(' Content-Length: 2\r\n', 'ok'), HEAD, EARLY],
  'no colon': [ok('Content-Length\r\n', 'ok'), HEAD, EARLY],
  'no name': [ok(`: a\r\n${two}`, 'ok'), HEAD, EARLY],
  'a name that is not ASCII': [ok(`X-\xe9: a\r\n${two}`, 'ok'), HEAD, EARLY],
  ...Object.fromEntries([...'"(),/<=>?@[\\]{}'].map(character => [`${character} in a name`, [ok(`X${character}A: b\r\n${two}`, 'ok'), HEAD, EARLY]])),
  'two lengths': [ok('Content-Length: 2\r\nContent-Length: 3\r\n', 'ok'), LENGTH],
  'the same length twice': [ok(two + two, 'ok'), LENGTH],
  'the same length twice, by another case': [ok(`${two}content-length: 2\r\n`, 'ok'), LENGTH],
  'two lengths in one': [ok('Content-Length: 2, 2\r\n', 'ok'), LENGTH],
  'no length in it': [ok('Content-Length:\r\n', 'ok'), LENGTH],
  'a length with a plus': [ok('Content-Length: +2\r\n', 'ok'), LENGTH],
  'a negative length': [ok('Content-Length: -2\r\n', 'ok'), LENGTH],
  'a length in hexadecimal': [ok('Content-Length: 0x2\r\n', 'ok'), LENGTH],
  'a length with a fraction': [ok('Content-Length: 2.0\r\n', 'ok'), LENGTH],
  'a length with an exponent': [ok('Content-Length: 2e0\r\n', 'ok'), LENGTH],
  'a length with a blank in it': [ok('Content-Length: 1 0\r\n', 'ok'), LENGTH],
  'a length with a blank of another kind': [ok('Content-Length: 2\xa0\r\n', 'ok'), LENGTH],
  'a length with a tab behind it': [ok('Content-Length: 2\t\r\n', 'ok'), LENGTH],
  'a length with a tab before it': [ok('Content-Length:\t2\r\n', 'ok'), LENGTH],
  'chunks with a tab behind them': [ok('Transfer-Encoding: chunked\t\r\n', '0\r\n\r\n'), CODING],
  'a length of sixteen digits': [ok('Content-Length: 0000000000000002\r\n', 'ok'), LENGTH],
  'a length beside chunks': [ok('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '2\r\nok\r\n0\r\n\r\n'), 'a length beside chunks'],
  'chunks beside a length': [chunked('2\r\nok\r\n0\r\n\r\n', two), 'a length beside chunks'],
  'two lengths of a 204': [`HTTP/1.1 204 No Content\r\n${two}${two}\r\n`, LENGTH],
  'two lengths of an interim answer': [`HTTP/1.1 103 Early Hints\r\n${two}${two}\r\n${ok(two, 'ok')}`, LENGTH],
  gzip: [ok('Transfer-Encoding: gzip\r\n', 'ok'), CODING],
  'gzip and chunks': [ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), CODING],
  'chunks and gzip': [ok('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'), CODING],
  'chunks twice': [ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), CODING],
  'chunks twice in one': [ok('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), CODING],
  'chunks and nothing': [ok('Transfer-Encoding: chunked,\r\n', '0\r\n\r\n'), CODING],
  'no coding in it': [ok('Transfer-Encoding:\r\n', '0\r\n\r\n'), CODING],
  identity: [ok(`Transfer-Encoding: identity\r\n${two}`, 'ok'), CODING],
  'chunks with a blank of another kind': [ok('Transfer-Encoding: chunked\xa0\r\n', '0\r\n\r\n'), CODING],
  'chunks by HTTP/1.0': ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', CODING],
  'a 100': [`HTTP/1.1 100 Continue\r\n\r\n${ok(two, 'ok')}`, 'a 100 that nobody asked for'],
  'an interim answer that says it closes': [`HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n${ok(two, 'ok')}`, INTERIM],
  'an interim answer of HTTP/1.0': [`HTTP/1.0 102 Processing\r\n\r\n${ok(two, 'ok')}`, INTERIM],
  'a size that is none': [chunked('zz\r\nok\r\n0\r\n\r\n'), SIZE],
  'no size': [chunked('\r\nok\r\n0\r\n\r\n'), SIZE],
  'an extension and no size': [chunked(';a\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with a plus': [chunked('+2\r\nok\r\n0\r\n\r\n'), SIZE],
  'a negative size': [chunked('-2\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with 0x': [chunked('0x2\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with a blank before it': [chunked(' 2\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with a blank behind it': [chunked('2 \r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with a blank before its extension': [chunked('2 ;a\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with another behind it': [chunked('2 2\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size with a comma': [chunked('2,2\r\nok\r\n0\r\n\r\n'), SIZE],
  ...Object.fromEntries([';', ';a=', ';=a', ';a="', ';a="b', ';a="b"c', ';a=b;', '; a', ';a =b', ';a="b;c"', ';a="\\""', ';\xff'].map(text => [`the extension ${text}`, [chunked(`2${text}\r\nok\r\n0\r\n\r\n`), SIZE]])),
  'a size beyond all numbers': [chunked('10000000000000002\r\nok\r\n0\r\n\r\n'), SIZE],
  'a size of thirteen digits': [chunked('0000000000002\r\nok\r\n0\r\n\r\n'), SIZE],
  'a line feed alone behind a size': [chunked('2\nok\r\n0\r\n\r\n'), SIZE],
  'a carriage return in a size': [chunked('2\r\r\nok\r\n0\r\n\r\n'), SIZE],
  'a carriage return in an extension': [chunked('2;a\rb\r\nok\r\n0\r\n\r\n'), SIZE],
  'a NUL in an extension': [chunked('2;a\0b\r\nok\r\n0\r\n\r\n'), SIZE],
  'a line feed alone behind the last size': [chunked('2\r\nok\r\n0\n\r\n'), SIZE],
  'a second size that is none': [chunked('2\r\nok\r\n-1\r\n'), SIZE],
  'a chunk that is longer than its size': [chunked('1\r\nok\r\n0\r\n\r\n'), LONGER],
  'a chunk that is shorter than its size': [chunked('3\r\nok\r\n0\r\n\r\n'), LONGER],
  'a line feed alone behind a chunk': [chunked('2\r\nok\n0\r\n\r\n'), LONGER],
  'a carriage return more behind a chunk': [chunked('2\r\nok\r\r\n0\r\n\r\n'), LONGER],
  'a trailer without a colon': [chunked('0\r\nX-A\r\n\r\n'), TRAILER],
  'a trailer with a space before the colon': [chunked('0\r\nX-A : b\r\n\r\n'), TRAILER],
  'a folded trailer': [chunked('0\r\nX-A: b\r\n c\r\n\r\n'), TRAILER],
  'a trailer with a line feed alone': [chunked('0\r\nX-A: b\n\r\n'), TRAILER],
  'a trailer with a carriage return': [chunked('0\r\nX-A: b\rc\r\n\r\n'), TRAILER],
  'a trailer with a NUL': [chunked('0\r\nX-A: b\0\r\n\r\n'), TRAILER],
  'a line feed alone behind the last chunk': [chunked('0\r\n\n'), TRAILER],
  'a length behind the body': [chunked('2\r\nok\r\n0\r\ncontent-length: 2\r\n\r\n'), TRAILER]
}

for (const [name, [bytes, ...why]] of Object.entries(REFUSED)) {
  t.test(`is refused, whole and in every two pieces and byte by byte, and nothing comes of it: ${name}`, async t => {
    for (const [at, pieces] of splitsOf(bytes).entries()) {
      const { refused = 'read', isWhole, mayRepeat } = readPieces(pieces)
      if (!why.includes(refused) || isWhole || mayRepeat) t.strictSame({ refused, isWhole, mayRepeat }, { refused: why, isWhole: false, mayRepeat: false }, `split ${at}`)
    }
    const whole = readPieces([Buffer.from(bytes, 'latin1')])
    t.equal(whole.refused, why[0], 'whole')
    const hasHead = why[0] === SIZE || why[0] === LONGER || why[0] === TRAILER
    t.equal(whole.heads.some(({ status }) => status >= 200), hasHead)
  })
}

t.test('what a head says besides, as the sender wrote it', async t => {
  const [head] = readPieces([Buffer.from(ok('LINK: </a>; rel=preload\r\nLink: </b>\r\nX-Link: </c>\r\ntrailer: X-A\r\nContent-Length: 007\r\n', '1234567'))]).heads
  t.match(head, { links: ['</a>; rel=preload', '</b>'], hasTrailer: true, isChunked: false, length: '007' })
  const [other] = readPieces([Buffer.from(chunked('0\r\n\r\n'))]).heads
  t.match(other, { hasTrailer: false, isChunked: true, length: undefined })
  t.strictSame(other?.links, [])
})

t.test('a head has its limit, and one interim answer does not count for the next', async t => {
  const early = 'HTTP/1.1 103 Early Hints\r\n\r\n'
  const head = ok(`X-A: ${'a'.repeat(60)}\r\n${two}`)
  for (const pieces of splitsOf(`${early}${head}ok`)) {
    t.equal(readPieces(pieces, { maxHeaderSize: head.length }).body, 'ok')
    t.match(readPieces(pieces, { maxHeaderSize: head.length - 1 }), { refused: `a head of more than ${head.length - 1} bytes`, body: '', isWhole: false })
  }
  const endless = `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(200)}`
  for (const pieces of splitsOf(endless)) t.match(readPieces(pieces, { maxHeaderSize: 100 }).refused, 'a head of more than 100 bytes')
  t.equal(readPieces([Buffer.from(endless)], { maxHeaderSize: endless.length }).refused, undefined, 'one that may still end is waited for')
  t.equal(readPieces([Buffer.from(ok('Content-Length: 500\r\n', 'b'.repeat(500)))], { maxHeaderSize: 100 }).body.length, 500, 'a body does not count')
})

t.test('so do a size with its extensions, and all trailers together', async t => {
  const size = (length: number) => chunked(`2;${'a'.repeat(length - 4)}\r\nok\r\n0\r\n\r\n`)
  const field = 'X-A: b\r\n'
  const trailers = chunked(`0\r\n${field.repeat(10)}\r\n`)
  const atOnce = (text: string) => [Buffer.from(text)]
  const byBytes = (text: string) => Array.from(Buffer.from(text), byte => Buffer.of(byte))
  for (const pieces of [atOnce, byBytes]) {
    t.match(readPieces(pieces(size(1_024))), { body: 'ok', isWhole: true })
    t.match(readPieces(pieces(size(1_025))), { refused: 'a line without end', isWhole: false })
    t.match(readPieces(pieces(chunked('2;'.padEnd(2_000, ' ')))), { refused: 'a line without end' }, 'before its end has come')
    const all = field.length * 10 + 2
    t.match(readPieces(pieces(trailers), { maxHeaderSize: all }), { isWhole: true })
    t.match(readPieces(pieces(trailers), { maxHeaderSize: all - 1 }), { refused: 'a line without end', isWhole: false })
    t.match(readPieces(pieces(chunked(`0\r\nX-A: ${'b'.repeat(200)}`)), { maxHeaderSize: 100 }), { refused: 'a line without end' })
  }
})

/** Bytes that were searched, copied, made a text or tested while this was done. */
function worked (run: () => void): number {
  let bytes = 0
  const undo: (() => void)[] = []
  const count = (place: object, name: string, size: (self: never, values: never, result: never) => number): void => {
    const before = Reflect.get(place, name) as (...values: unknown[]) => unknown
    Reflect.set(place, name, new Proxy(before, {
      apply (target, self, values) {
        const result: unknown = Reflect.apply(target, self, values)
        bytes += size(self as never, values as never, result as never)
        return result
      }
    }))
    undo.push(() => { Reflect.set(place, name, before) })
  }
  count(Buffer, 'concat', (_self, _values, result: Buffer) => result.length)
  count(Buffer, 'from', (_self, _values, result: Buffer) => result.length)
  count(Buffer.prototype, 'copy', (_self, _values, copied: number) => copied)
  count(Buffer.prototype, 'toString', (_self, _values, text: string) => text.length)
  count(Buffer.prototype, 'indexOf', (self: Buffer, [, from = 0]: [unknown, number?]) => self.length - from)
  count(Buffer.prototype, 'lastIndexOf', (self: Buffer) => self.length)
  for (const name of ['test', 'exec']) count(RegExp.prototype, name, (_self, [text]: [string]) => text.length)
  try {
    run()
  } finally {
    for (const one of undo) one()
  }
  return bytes
}

t.test('an app that says what it says byte by byte has no byte looked at again and again', async t => {
  const size = 16_384
  const fill = (line: string) => line.repeat(Math.floor((size - 200) / line.length))
  const long = 'a'.repeat(size - 200)
  for (const [what, text] of Object.entries({
    'many lines': ok(`${fill('X-A: b\r\n')}${two}`, 'ok'),
    'the shortest lines there are': ok(`${fill('a:\r\n')}${two}`, 'ok'),
    'a long line': ok(`X-A: ${long}\r\n${two}`, 'ok'),
    'many words': ok(two, 'ok').replace('OK', long),
    'many trailers': chunked(`2\r\nok\r\n0\r\n${fill('X-A: b\r\n')}\r\n`),
    'a long trailer': chunked(`2\r\nok\r\n0\r\nX-A: ${long}\r\n\r\n`)
  })) {
    const pieces = Array.from(Buffer.from(text, 'latin1'), byte => Buffer.of(byte))
    let body = ''
    const reader = new AnswerReader({ head () {}, data (chunk) { body += chunk.toString('latin1') }, end () {} }, size)
    reader.begin()
    const bytes = worked(() => { for (const piece of pieces) reader.read(piece) })
    t.equal(body, 'ok', what)
    t.ok(bytes > text.length && bytes < 16 * text.length, `${what}: ${bytes} for ${text.length}`)
  }
})

t.test('and yet what is no head is refused with the byte that says so', async t => {
  const right = 'HTTP/1.1 200 OK\r\nX-A: b\r\nX-B: c\r\n'
  for (const [bytes, at] of [['HTTQ', 3], ['SSH-2.0', 0], ['HTTP/1.1 2000 OK\r\nX-A: b\r\n', 17], [`${right}X C: d\r\nX-D: e\r\n`, right.length + 7], [`${right}X-C: d\nX-D: e\r\n`, right.length + 6], [`${right}\n`, right.length], [`${right} c\r\n`, right.length + 3]] as const) {
    const whole = Buffer.from(bytes, 'latin1')
    for (const from of [0, 1, 3, right.length - 1, right.length]) {
      if (from > at) continue
      const reader = new AnswerReader({ head () {}, data () {}, end () {} }, 1_000)
      reader.begin()
      if (from > 0) reader.read(whole.subarray(0, from))
      for (let next = from; next < at; next++) reader.read(whole.subarray(next, next + 1))
      t.throws(() => reader.read(whole.subarray(at, at + 1)), { message: EARLY }, JSON.stringify(bytes))
    }
  }
})

t.test('one answer after the other is read by the same reader, and what comes between them is more than there is', async t => {
  const heard: string[] = []
  const hear = (what: string) => { heard.push(what) }
  const reader = new AnswerReader({ head: ({ status }) => hear(String(status)), data: chunk => hear(chunk.toString()), end: trailers => hear(`end ${trailers.join()}`) }, 1_000)
  t.equal(reader.read(Buffer.from('H')), true, 'before anything was asked')
  for (const [bytes, ...what] of [
    [chunked('2\r\nok\r\n0\r\nA: b\r\n\r\n', 'Keep-Alive: timeout=9\r\n'), '200', 'ok', 'end A,b'],
    [chunked('0\r\n\r\n'), '200', 'end '],
    [ok(two, 'no'), '200', 'no', 'end ']
  ] as const) {
    reader.begin()
    t.strictSame([reader.mayRepeat, reader.keepAlive], [false, undefined], 'what the one before has said is forgotten')
    t.equal(reader.read(Buffer.from(bytes)), false)
    t.strictSame(heard.splice(0), what)
    t.equal(reader.mayRepeat, true)
    t.equal(reader.read(Buffer.from('x')), true)
    t.equal(reader.read(Buffer.alloc(0)), false)
    t.equal(reader.finish(), false, 'which was its end already')
  }
  t.strictSame(heard, [])
})

t.test('while an answer comes its connection may not be asked again', async t => {
  const whole = Buffer.from(chunked('2\r\nok\r\n0\r\n\r\n'))
  const reader = new AnswerReader({ head () {}, data () {}, end () {} }, 1_000)
  reader.begin()
  for (const byte of whole) {
    t.equal(reader.mayRepeat, false)
    reader.read(Buffer.of(byte))
  }
  t.equal(reader.mayRepeat, true)
})

t.test('a body goes on as it comes: nothing is kept back, nothing is copied', async t => {
  const heard: Buffer[] = []
  const reader = new AnswerReader({ head () {}, data: chunk => { heard.push(chunk) }, end () {} }, 1_000)
  reader.begin()
  reader.read(Buffer.from(ok('Content-Length: 6\r\n', 'ab')))
  const chunk = Buffer.from('cdef')
  reader.read(chunk)
  t.strictSame(heard.map(String), ['ab', 'cdef'])
  t.equal(heard[1], chunk)
})

t.test('what a listener throws goes to who reads', async t => {
  for (const bad of ['head', 'data', 'end'] as const) {
    const failure = new Error(`no ${bad}`)
    const refuse = () => { throw failure }
    const reader = new AnswerReader({ head () {}, data () {}, end () {}, [bad]: refuse }, 1_000)
    reader.begin()
    t.throws(() => reader.read(Buffer.from(ok(two, 'ok'))), failure)
  }
})
