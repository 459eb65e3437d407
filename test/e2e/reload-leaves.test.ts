import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { serveGate } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

t.test('of a configuration that another has followed nothing goes on: its lists are read by nobody any more', async t => {
  const gate = await serveGate(t, { files: { listed: 'ada@example.com\n' }, settings: { allowed_emails_file: 'listed' } })
  const ada = new Visitor()
  t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
  for (const title of ['second', 'third', 'fourth']) {
    await gate.next('config.reloaded', () => {
      gate.change({ title })
      gate.kill('SIGHUP')
    })
  }
  await gate.next('policy.reloaded', () => { gate.write('listed', 'ben@example.com\n') })
  t.equal((await ada.navigate(`${gate.origin}/`)).status, 403)
  await sleep(1500) // as long as a file is looked at before it is believed
  t.equal(gate.log('policy.reloaded').length, 1, 'the one in force tells of it, and no other')
})
