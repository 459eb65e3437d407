import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { follow } from '../../src/config/succession.ts'
import { server, serverElsewhere, serverKey } from '../fixtures/certificates.ts'
import { load } from './setup.ts'

t.test('a certificate may be another by a reload; whether the gate speaks TLS at all may not, and is said to need a restart', t => {
  const folder = t.testdir({})
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const key = file('key.pem', serverKey)
  const plain = load()
  const [tls, other] = [load({ 'ssl-certfile': file('one.pem', server), 'ssl-keyfile': key }), load({ 'ssl-certfile': file('other.pem', serverElsewhere), 'ssl-keyfile': key })]

  const on = follow(plain, tls)
  t.strictSame([on.loaded.config.sslCertfile, on.loaded.config.sslKeyfile], [undefined, undefined], 'switched on')
  t.strictSame([on.kept, on.changed], [['ssl-certfile', 'ssl-keyfile'], []])
  const off = follow(tls, plain)
  t.strictSame([off.loaded.config.sslCertfile, off.loaded.config.sslKeyfile], [tls.config.sslCertfile, tls.config.sslKeyfile], 'switched off')
  t.strictSame([off.kept, off.changed], [['ssl-certfile', 'ssl-keyfile'], []])

  t.strictSame([follow(on.loaded, plain).kept, follow(on.loaded, plain).changed], [[], []], 'what is taken back has changed nothing')

  const renewed = follow(tls, other)
  t.equal(renewed.loaded.config.sslCertfile, other.config.sslCertfile)
  t.strictSame([renewed.kept, renewed.changed], [[], ['ssl-certfile']])
  t.end()
})
