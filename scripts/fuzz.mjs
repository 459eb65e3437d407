// npm run fuzz -- [--seconds=600] [--seed=N] [--only="request heads"] [--path=…]: the targets of test/fuzz, for longer or once more. Needs npm run types.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseFlags } from './flags.mjs'

const { seconds = '600', seed = String(randomInt(2 ** 31)), only, path } = parseFlags({
  seconds: { type: 'string', is: 'a number above 0', fits: text => Number(text) > 0 && Number.isFinite(Number(text)) },
  seed: { type: 'string', is: 'a whole number, as a round has printed it', fits: text => /^-?\d{1,15}$/.test(text) },
  only: { type: 'string', is: 'the beginning of a target’s name', fits: text => text !== '' },
  path: { type: 'string', is: 'numbers with colons between, as a round has printed them', fits: text => /^\d+(:\d+)*$/.test(text) }
})
const given = { FUZZ_SECONDS: seconds, FUZZ_SEED: seed, ...only !== undefined && { FUZZ_ONLY: only }, ...path !== undefined && { FUZZ_PATH: path } }
const patience = String(Number(seconds) * 2 + 300)
const child = spawn(process.execPath, ['--enable-source-maps', 'build/test/fuzz/fuzz.test.js'], { stdio: 'inherit', cwd: fileURLToPath(new URL('..', import.meta.url)), env: { ...process.env, ...given, TAP_TIMEOUT: patience } })
const [status] = await once(child, 'exit')
process.exitCode = status ?? 1
