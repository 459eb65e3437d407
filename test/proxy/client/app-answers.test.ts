// Two readers, one answer: what ours takes for whole is the same to undici, down to its last byte. For longer: npm run fuzz -- --only="app answers".
import t from 'tap'
import { isCi } from '../../fixtures/lacking.ts'
import { startAppAnswers } from '../../fuzz/app-answers.ts'
import { fc } from '../../fixtures/random.ts'

t.test('whatever is taken for a whole answer of an app, undici takes for the same: statuses, headers, body, trailers, and where it ends', async t => {
  const { property, seen } = await startAppAnswers(t)
  const numRuns = isCi ? 6_000 : 600
  await fc.assert(property, { numRuns, includeErrorInReport: true })
  const { whole, chunks, trailers, toTheEnd, repeated, refused, broken, stricter } = seen
  t.comment(JSON.stringify(seen))
  t.ok(whole > numRuns / 5, `${whole} were whole`)
  t.ok(repeated > numRuns / 20 && chunks > numRuns / 100 && trailers > numRuns / 100 && toTheEnd > numRuns / 100, 'of each kind')
  t.ok(refused + broken > numRuns / 5, `${refused} were refused, ${broken} broke off`)
  t.ok(stricter < whole / 5, `${stricter} are none to undici`)
})
