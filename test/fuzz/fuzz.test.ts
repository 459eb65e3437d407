// Tries each target for a while with what nobody thought of, for one commit always the same. `npm run fuzz -- --seconds=600` takes longer and something else each time, and with the seed that was printed again what was seen.
import t from 'tap'
import { isCi } from '../fixtures/lacking.ts'
import { seed as ofThisCommit } from '../fixtures/random.ts'
import { appAnswers } from './app-answers.ts'
import { cookieHeaders, sessionCookies } from './cookies.ts'
import { paths, returns } from './paths.ts'
import { requestHeads } from './requests.ts'
import { configFiles, extraParams } from './settings.ts'
import { loginCookies, signInClaims, signInReturns } from './sign-ins.ts'
import { fuzz } from './target.ts'

const targets = [cookieHeaders, sessionCookies, loginCookies, requestHeads, appAnswers, paths, returns, signInReturns, signInClaims, extraParams, configFiles]

const { FUZZ_SECONDS = isCi ? '60' : '4', FUZZ_SEED = String(ofThisCommit), FUZZ_ONLY = '', FUZZ_PATH } = process.env
const seed = Number(FUZZ_SEED)
const chosen = targets.filter(({ name }) => name.startsWith(FUZZ_ONLY))
const seconds = Number(FUZZ_SECONDS) / chosen.length
if (!Number.isSafeInteger(seed) || !(seconds > 0) || chosen.length === 0) {
  throw new Error(`FUZZ_SEED=${FUZZ_SEED}, FUZZ_SECONDS=${FUZZ_SECONDS} and FUZZ_ONLY=${FUZZ_ONLY} make no sense together. There is ${[...new Set(targets.map(({ name }) => name.split(':', 1).join()))].join(', ')}.`)
}

t.setTimeout(Number(FUZZ_SECONDS) * 2000 + 120_000)
console.error(`# fuzzing ${chosen.length} targets for ${FUZZ_SECONDS} s: FUZZ_SEED=${seed}`)

t.test('each of the things that others send is tried, with a seed to see it again', t => {
  const wanted = ['cookies', 'login cookies', 'request heads', 'app answers', 'paths', 'rd', 'claims', 'extra params', 'config files']
  t.strictSame(wanted.filter(what => !targets.some(({ name }) => name.startsWith(`${what}: `))), [])
  t.end()
})

for (const { name, start } of chosen) {
  t.test(name, async t => {
    const { runs, broken } = await fuzz(await start(t), { seconds, seed, path: FUZZ_PATH })
    t.equal(broken, undefined, `${runs} runs; again: npm run fuzz -- --seed=${seed} --only="${name.split(':', 1).join()}"`)
    t.ok(runs > 0, `${runs} runs`)
    console.error(`#   ${name.split(':', 1).join()}: ${runs} runs`)
  })
}
