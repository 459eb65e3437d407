import { createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { Client, type Dispatcher } from 'undici'
import type { AnswerHead } from '../../src/proxy/client/answer-head.ts'
import { listen } from '../proxy/setup.ts'
import { readPieces, type Read } from '../proxy/client/reading.ts'
import type { Target } from './target.ts'
import { fc } from '../fixtures/random.ts'

const byte = fc.nat(255).map(code => String.fromCharCode(code))
const odd = fc.constantFrom('\r', '\n', '\r\n', '\n\r', '\0', ' ', '\t', ':', ';', '\x0b', '\x7f', '\x80', '\xa0', '\xff', '0', 'x', ',', '+', '-', '\r\n\r\n', '\r\n ', '0\r\n\r\n', 'Content-Length: 1\r\n', 'Transfer-Encoding: chunked\r\n')
const often = <T>(usual: T, ...others: readonly T[]) => fc.oneof({ weight: 14, arbitrary: fc.constant(usual) }, fc.constantFrom(...others))
const blank = often(' ', '', '\t', '  ', ' \t ')
const lineEnd = fc.oneof({ weight: 200, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n', '\r\n '))

const version = often('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.1', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/3.7', 'HTTP/1.10', 'http/1.1', 'HTTP/1', 'ICE/1.0', 'RTSP/1.0')
const status = fc.oneof({ weight: 20, arbitrary: fc.constantFrom('200', '404', '500', '204', '304', '205', '206', '999') }, fc.constantFrom('103', '102', '199', '100', '101', '099', '20', '2000', '+20', '20x', ''))
const reason = often(' OK', '', ' ', ' Not Found', ' \xc3\xa9\t.', '  ', ' O\x01K', ' O\rK', '\tOK')
const value = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('', 'a', 'a b', '\xa0a\xa0', ':', 'a: b', '"a;b"', 'a\x80') }, fc.string({ maxLength: 4, unit: byte }))
const field = (name: fc.Arbitrary<string>, said: fc.Arbitrary<string>) => fc.tuple(name, fc.oneof({ weight: 60, arbitrary: fc.constant(':') }, fc.constantFrom(' :', '', '\t:')), blank, said, fc.oneof({ weight: 3, arbitrary: fc.constant('') }, blank), lineEnd).map(parts => parts.join(''))
const other = field(often('X-A', 'x-a', 'Set-Cookie', 'X_A', '!', 'Upgrade', 'Proxy-Connection', 'X-\xe9', 'X A', ''), value)
const persistence = fc.oneof(field(fc.constantFrom('Connection', 'connection'), fc.constantFrom('close', 'keep-alive', 'Close', 'keep-alive, close', 'x', 'upgrade', 'closed')), field(fc.constantFrom('Keep-Alive'), fc.constantFrom('timeout=5', 'timeout=1', 'timeout=0', 'max=1', 'x')))
const trailerOnly = fc.oneof(field(fc.constantFrom('X-T', 'x-t', 'ETag', 'Set-Cookie'), value), field(fc.constantFrom('Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade'), fc.constantFrom('0', '1', 'chunked', 'close', 'gzip')))

const body = fc.oneof(fc.string({ maxLength: 12, unit: byte }), fc.constantFrom('', 'ok', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))

/** With a length, which most often is its own. */
const byLength = fc.tuple(body, fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1, 3)), often('', '0', '00000000000000000', '+', '-', ' ', '0x'), often('', ' ', ',', '.0', ' 1', '\xa0', 'e0'), often('Content-Length', 'content-length', 'CONTENT-LENGTH'))
  .chain(([text, more, before, behind, name]) => field(fc.constant(name), fc.constant(`${before}${Math.max(0, text.length + more)}${behind}`)).map(line => ({ lines: [line], text })))

const size = (length: number) => fc.tuple(often('', '0', '000', '+', '-', ' ', '0x', '000000000000'), fc.constantFrom(length.toString(16), length.toString(16), length.toString(16).toUpperCase()), often('', ' ', '\t', ';', ';a', ';a=b', ';a="b;c"', '; a', ' ;a', ';a=\xff', ';a\x01', '\r', 'g', ' 1', ';a=b;c'), lineEnd).map(parts => parts.join(''))
const chunk = fc.tuple(body.filter(text => text !== ''), fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1))).chain(([text, more]) => fc.tuple(size(text.length + more), lineEnd).map(([line, end]) => line + text + end))
const coding = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('chunked', 'chunked', 'Chunked') }, fc.constantFrom('gzip, chunked', 'chunked, gzip', 'identity', 'gzip', '', 'chunked,', 'chunked;q=1', 'xchunked', 'chunked, chunked'))
const byChunks = fc.tuple(field(often('Transfer-Encoding', 'transfer-encoding'), coding), fc.array(chunk, { maxLength: 3 }), size(0), fc.array(trailerOnly, { maxLength: 2 }), lineEnd)
  .map(([line, chunks, last, trailers, end]) => ({ lines: [line], text: [...chunks, last, ...trailers, end].join('') }))
const toTheEnd = body.map(text => ({ lines: [] as string[], text }))
const confused = fc.tuple(byLength, byChunks, fc.boolean()).map(([one, two, isFirst]) => ({ lines: isFirst ? [...one.lines, ...two.lines] : [...two.lines, ...one.lines], text: two.text }))
const framed = fc.oneof({ weight: 6, arbitrary: byLength }, { weight: 8, arbitrary: byChunks }, { weight: 2, arbitrary: toTheEnd }, confused, fc.tuple(byLength, byLength).map(([one, two]) => ({ lines: [...one.lines, ...two.lines], text: one.text })))

const message = fc.tuple(version, status, reason, lineEnd, fc.array(fc.oneof(other, persistence), { maxLength: 3 }), framed, fc.nat(3), lineEnd)
  .map(([version, status, reason, end, fields, { lines, text }, at, last]) => ({ head: [version, ' ', status, reason, end, ...fields.slice(0, at), ...lines, ...fields.slice(at), last].join(''), text }))
const interim = fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 'HTTP/1.1 102 Processing\r\nContent-Length: 1\r\n\r\n', 'HTTP/1.1 103 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n', 'HTTP/1.0 102 x\r\n\r\n', '\r\n'))

/** What an app could say, here and there with something in it that does not belong there, more behind it, or cut off. */
const answer = fc.tuple(interim, message, often('', '!', '\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'), fc.array(fc.tuple(fc.nat(), odd), { maxLength: 2 }), fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.nat()), fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)))
  .map(([before, { head, text }, behind, changes, cut, isRight]) => {
    const whole = before + head + text + behind
    const changed = isRight ? whole : changes.reduce((all, [at, what]) => all.slice(0, at % (all.length + 1)) + what + all.slice(at % (all.length + 1)), whole)
    return cut === undefined ? changed : changed.slice(0, cut % (changed.length + 1))
  })

function cutAt (bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set([0, ...places.map(place => place % (bytes.length + 1)), bytes.length])].sort((one, two) => one - two)
  return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end))
}

/** What undici has heard, as it tells us where it has the request. */
interface Heard {
  readonly statuses: number[]
  pairs: readonly string[]
  body: string
  trailers: readonly string[]
  error: Error | undefined
}

/** Blanks behind a value, which mean nothing (RFC 9110 §5.5), are left to it by undici's parser. */
const plain = (raw: Dispatcher.DispatchController['rawHeaders']) => (Array.isArray(raw) ? raw : []).map(part => (typeof part === 'string' ? part : part.toString('latin1')).replace(/[ \t]+$/, ''))

function ask (client: Client): Promise<Heard> {
  const heard: Heard = { statuses: [], pairs: [], body: '', trailers: [], error: undefined }
  return new Promise(resolve => {
    client.dispatch({ path: '/', method: 'GET' }, {
      onRequestStart () {},
      onResponseStart (controller, status) {
        refuseSwitch(status)
        heard.statuses.push(status)
        heard.pairs = plain(controller.rawHeaders)
      },
      onResponseData (_controller, chunk) { heard.body += chunk.toString('latin1') },
      onResponseEnd (controller) {
        heard.trailers = plain(controller.rawTrailers)
        resolve(heard)
      },
      onResponseError (_controller, error) {
        heard.error = error
        resolve(heard)
      }
    })
  })
}

/** As the forwarder does with what nobody asked for. */
function refuseSwitch (status: number): void {
  if (status === 101) throw new Error('switched protocols unasked')
}

const MARKER = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nmarker'

/** An app that says one thing after the other by one connection, a piece a turn. */
async function startOracle (t: Test): Promise<(script: { readonly pieces: readonly Buffer[], readonly ends: boolean }) => Promise<{ readonly client: Client, readonly sockets: Socket[] }>> {
  let script: { readonly pieces: readonly Buffer[], readonly ends: boolean } = { pieces: [], ends: true }
  let sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    const { pieces, ends } = sockets.push(socket) === 1 ? script : { pieces: [Buffer.from(MARKER)], ends: false }
    socket.on('error', () => {}).on('end', () => socket.end())
    socket.once('data', () => {
      const say = (at: number): void => {
        const piece = pieces[at]
        if (piece !== undefined) socket.write(piece, () => { setImmediate(say, at + 1) })
        else if (ends) socket.end()
        else socket.on('data', () => socket.write(MARKER))
      }
      say(0)
    })
  })
  const port = await listen(server)
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return next => {
    script = next
    for (const socket of sockets) socket.destroy()
    sockets = []
    return Promise.resolve({ client: new Client(`http://127.0.0.1:${port}`, { pipelining: 1, headersTimeout: 3_000, bodyTimeout: 3_000, maxHeaderSize: 16_384, keepAliveTimeoutThreshold: 0 }), sockets })
  }
}

/** What was seen of each kind, so that nobody takes refusing everything for being right. */
export interface Seen { runs: number, whole: number, chunks: number, trailers: number, toTheEnd: number, repeated: number, refused: number, broken: number, stricter: number }

export async function startAppAnswers (t: Test): Promise<{ readonly property: fc.IAsyncProperty<[string, number[]]>, readonly seen: Seen }> {
  const script = await startOracle(t)
  const seen: Seen = { runs: 0, whole: 0, chunks: 0, trailers: 0, toTheEnd: 0, repeated: 0, refused: 0, broken: 0, stricter: 0 }
  const property = fc.asyncProperty(answer, fc.array(fc.nat(), { maxLength: 4 }), async (text, places) => {
    const bytes = Buffer.from(text, 'latin1')
    const pieces = cutAt(bytes, places)
    const ours = readPieces(pieces)
    seen.runs++
    if (ours.refused !== undefined || ours.heads.some(({ status }) => status === 101)) seen.refused++
    else if (!ours.isWhole) seen.broken++
    else await compare(ours, bytes, places)
  })
  return { property, seen }

  async function compare (ours: Read, bytes: Buffer, places: readonly number[]): Promise<void> {
    seen.whole++
    const head = ours.heads.at(-1)
    if (head?.isChunked === true && ours.body !== '') seen.chunks++
    if (ours.trailers.length > 0) seen.trailers++
    const end = ours.isToTheEnd ? bytes.length : lengthOf(bytes)
    const whole = bytes.subarray(0, end)
    const { client, sockets } = await script({ pieces: cutAt(whole, places), ends: ours.isToTheEnd })
    try {
      const theirs = await ask(client)
      if (isStricter(theirs, head)) return void seen.stricter++
      same('error', theirs.error?.message, undefined)
      same('status', theirs.statuses, ours.heads.map(({ status }) => status))
      same('headers', theirs.pairs, head?.pairs)
      same('body', theirs.body, ours.body)
      same('trailers', theirs.trailers, ours.trailers)
      if (ours.isToTheEnd) return void seen.toTheEnd++
      if (ours.mayRepeat) await another(client, sockets, ours.heads.some(({ pairs }) => pairs.some(name => name.toLowerCase() === 'keep-alive')))
    } finally {
      await client.destroy()
    }
    const { client: impatient } = await script({ pieces: cutAt(whole.subarray(0, -1), places), ends: true })
    const cut = await ask(impatient)
    await impatient.destroy()
    if (cut.error === undefined) throw new Error('it is whole for undici without its last byte')
  }

  async function another (client: Client, sockets: readonly Socket[], keepsLess: boolean): Promise<void> {
    const { body, error } = await ask(client)
    same('what follows', [body, error?.message], ['marker', undefined])
    if (sockets.length === 1) seen.repeated++
    else if (!keepsLess) throw new Error('undici asks nothing more by its connection')
  }
}

/** undici would have a 204 and a 304 bring what their length says (RFC 9110 §8.6 would not). */
function isStricter ({ error }: Heard, head: AnswerHead | undefined): boolean {
  return error?.message.includes('does not match content-length') === true && (head?.status === 204 || head?.status === 304)
}

/** Where an answer ends. */
function lengthOf (bytes: Buffer): number {
  const singles = Array.from(bytes, byte => Buffer.of(byte))
  let [short, long] = [0, bytes.length]
  while (long - short > 1) {
    const middle = (short + long) >> 1
    if (readPieces([Buffer.concat(singles.slice(0, middle))], { isAll: false }).isWhole) long = middle
    else short = middle
  }
  return long
}

function same (what: string, theirs: unknown, ours: unknown): void {
  if (JSON.stringify(theirs) !== JSON.stringify(ours)) throw new Error(`${what}: ${JSON.stringify(ours)}, and by undici ${JSON.stringify(theirs)}`)
}

export const appAnswers: Target = {
  name: 'app answers: whatever is taken for a whole answer of an app, undici takes for the same, with the same end',
  async start (t) {
    return (await startAppAnswers(t)).property as never
  }
}
