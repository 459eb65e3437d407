import t from 'tap'
import { closeFrame, FrameFollower } from '../../src/proxy/frames.ts'
import { fc } from '../fixtures/random.ts'

const header = (opcode: number, length: number, masked: boolean): Buffer => {
  const mask = masked ? 0x80 : 0
  const extended = length < 126 ? Buffer.from([mask | length]) : Buffer.alloc(length < 65_536 ? 3 : 9)
  if (extended.length === 3) extended.writeUInt16BE(length, 1)
  if (extended.length === 9) extended.writeBigUInt64BE(BigInt(length), 1)
  if (extended.length > 1) extended[0] = mask | (extended.length === 3 ? 126 : 127)
  return Buffer.concat([Buffer.from([0x80 | opcode]), extended, Buffer.alloc(masked ? 4 : 0, 7)])
}
const frame = fc.record({
  opcode: fc.constantFrom(0, 1, 2, 9, 10), masked: fc.boolean(), fill: fc.nat(255),
  length: fc.oneof(fc.nat(10), fc.constantFrom(0, 125, 126, 127, 65_535, 65_536), fc.nat(70_000))
}).map(({ opcode, length, masked, fill }) => Buffer.concat([header(opcode, length, masked), Buffer.alloc(length, fill)]))

t.test('wherever the chunks are cut, the ends of the frames are found', async () => {
  fc.assert(fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(100_000), { maxLength: 20 }), (frames, cuts) => {
    const stream = Buffer.concat(frames)
    const ends = new Set(frames.reduce<number[]>((found, { length }) => [...found, (found.at(-1) ?? 0) + length], [0]))
    const follower = new FrameFollower()
    const at = [...new Set([0, ...cuts.filter(cut => cut < stream.length), stream.length])].sort((a, b) => a - b)
    return at.slice(1).every((end, i) => {
      follower.follow(stream.subarray(at[i], end), false)
      return follower.between === ends.has(end)
    }) && !follower.closed
  }), { numRuns: 200 })
})

t.test('asked to stop, it stops behind the first frame that ends', async () => {
  fc.assert(fc.property(frame, frame, fc.nat(), (one, two, cut) => {
    const begin = cut % one.length
    const follower = new FrameFollower()
    follower.follow(one.subarray(0, begin), false)
    return follower.follow(Buffer.concat([one.subarray(begin), two]), true) === one.length - begin && follower.between
  }), { numRuns: 200 })
})

t.test('a close frame is noticed when it has passed', async t => {
  const follower = new FrameFollower()
  const close = closeFrame(1000, 'bye', true)
  follower.follow(close.subarray(0, close.length - 1), false)
  t.notOk(follower.closed)
  t.notOk(follower.between)
  follower.follow(close.subarray(close.length - 1), false)
  t.ok(follower.closed)
})

t.test('a length beyond all numbers is no end', async t => {
  const follower = new FrameFollower()
  follower.follow(Buffer.from([0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), false)
  follower.follow(Buffer.alloc(1_000_000), true)
  t.notOk(follower.between)
})

t.test('a close frame holds its code and at most 123 bytes of whole characters', async t => {
  t.strictSame(closeFrame(1001, 'bye', false), Buffer.from([0x88, 5, 0x03, 0xe9, 0x62, 0x79, 0x65]))
  t.strictSame(closeFrame(4401, '', true), Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x11, 0x31]))
  const long = closeFrame(1000, 'é'.repeat(100), false)
  t.equal(long[1], long.length - 2)
  t.equal(long.subarray(4).toString(), 'é'.repeat(61))
})
