import { spawnSync } from 'node:child_process'
import t from 'tap'

t.test('a wrong flag of the fuzzers or the soak is told in a line, before anything is tried for an hour', t => {
  const wrong: [string, string, RegExp][] = [
    ['scripts/fuzz.mjs', '--sekonds=2', /^Unknown option '--sekonds'\. There is --seconds=…, --seed=…, /],
    ['scripts/fuzz.mjs', '--seconds=soon', /^--seconds=soon is not a number above 0\. There is /],
    ['scripts/fuzz.mjs', '--seed=abc', /^--seed=abc is not a whole number, as a round has printed it\. There is /],
    ['scripts/fuzz.mjs', '--path=x', /^--path=x is not numbers/],
    ['bench/soak.mjs', '--peeple=2', /^Unknown option '--peeple'\. There is .*--people=…/],
    ['bench/soak.mjs', '--people=many', /^--people=many is not a whole number above 0\. There is /],
    ['bench/soak.mjs', '--store=disk', /^--store=disk is not one of cookie, memory, redis\. There is /]
  ]
  for (const [file, flag, words] of wrong) {
    const { status, stderr, stdout } = spawnSync(process.execPath, [file, flag], { encoding: 'utf8', timeout: 30_000 })
    t.equal(status, 1, `${file} ${flag}`)
    t.match(stderr, words)
    t.equal(stdout, '', 'nothing is begun')
  }
  const { status, stderr } = spawnSync(process.execPath, ['--enable-source-maps', 'scripts/fuzz.mjs', '--only=everything'], { encoding: 'utf8', timeout: 60_000 })
  t.not(status, 0)
  t.match(stderr, /FUZZ_ONLY=everything make no sense together. There is cookies, login cookies, request heads/)
  t.end()
})
