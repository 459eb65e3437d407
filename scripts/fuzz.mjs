// npm run fuzz -- [--seconds=600] [--seed=N] [--only="request heads"] [--path=…]: the targets of test/fuzz, for longer or once more. Needs npm run types.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: { seconds = '600', seed, only, path } } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' }, path: { type: 'string' } } })
const given = { FUZZ_SECONDS: seconds, ...seed !== undefined && { FUZZ_SEED: seed }, ...only !== undefined && { FUZZ_ONLY: only }, ...path !== undefined && { FUZZ_PATH: path } }
const patience = String(Number(seconds) * 2 + 300)
const child = spawn(process.execPath, ['--enable-source-maps', 'build/test/fuzz/fuzz.test.js'], { stdio: 'inherit', cwd: fileURLToPath(new URL('..', import.meta.url)), env: { ...process.env, ...given, TAP_TIMEOUT: patience } })
const [status] = await once(child, 'exit')
process.exitCode = status ?? 1
