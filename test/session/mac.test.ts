import { createHmac, randomBytes } from 'node:crypto'
import t from 'tap'
import { createMac } from '../../src/session/mac.ts'

t.test('it is the HMAC-SHA256 of RFC 4231', async t => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  t.equal(hex(createMac(Buffer.alloc(20, 0x0b))(Buffer.from('Hi There'))), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7')
  t.equal(hex(createMac(Buffer.from('Jefe'))(Buffer.from('what do ya want for nothing?'))), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  t.equal(hex(createMac(Buffer.alloc(20, 0xaa))(Buffer.alloc(50, 0xdd))), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe')
})

t.test('it is Node’s, for keys and messages of every length, one after the other', async t => {
  for (const keyLength of [0, 1, 16, 32, 63, 64]) {
    const key = randomBytes(keyLength)
    const mac = createMac(key)
    const differ = [...Array.from({ length: 200 }, (_, length) => length), 16_383, 16_384, 16_385, 40_000, 300, 0].filter(length => {
      const message = randomBytes(length)
      return !Buffer.from(mac(message)).equals(createHmac('sha256', key).update(message).digest())
    })
    t.strictSame(differ, [], `a key of ${keyLength} bytes`)
  }
  t.throws(() => createMac(Buffer.alloc(65)), RangeError)
  const [mac, bytes] = [createMac(Buffer.alloc(16)), randomBytes(40)]
  t.strictSame(Buffer.from(mac(bytes, 20)), Buffer.from(mac(bytes.subarray(0, 20))), 'of the first bytes alone')
  t.throws(() => mac(bytes, 41), RangeError)
})

t.test('two keys do not disturb each other', async t => {
  const [one, other] = [createMac(Buffer.alloc(16, 1)), createMac(Buffer.alloc(16, 2))]
  const first = Buffer.from(one(Buffer.from('x')))
  t.notSame(Buffer.from(other(Buffer.from('x'))), first)
  t.strictSame(Buffer.from(one(Buffer.from('x'))), first)
})
