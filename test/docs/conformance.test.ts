// docs/conformance.md says what the conformance tests do, and nothing else.
import t from 'tap'
import { all, counts, tables } from '../conformance/openid/page.ts'
import { PROFILES } from '../conformance/openid/tests.ts'
import { read } from './markdown.ts'

const page = read('docs/conformance.md')

t.test('the tables are those of the tests, row by row', async t => {
  const [, shown = ''] = page.split('\n## Test by test\n\n')
  t.equal(shown, tables())
  const { apply, others } = counts()
  t.match(page, `${apply} of them apply to the gate, and it passes each. ${others} do not`, 'and the figures are those of the tables')
})

t.test('no test of a profile is missing, and none is there twice', async t => {
  t.equal(new Set(all.map(({ name }) => name)).size, all.length)
  const sizes = Object.keys(PROFILES).map(profile => [profile, all.filter(({ profiles }) => profiles.some(name => name === profile)).length])
  t.match(Object.fromEntries(sizes), { basic: 14, config: 6, backchannel: 8, rpLogout: 3, thirdParty: 1 }, 'as many as the suite has')
  t.ok(all.every(({ profiles, right }) => right !== undefined || !profiles.some(profile => ['basic', 'config', 'backchannel', 'rpLogout', 'thirdParty'].includes(profile))), 'and each of these applies')
})
