import { spawn } from 'node:child_process'

const main = new URL('../../src/cli/main.js', import.meta.url)
const launcher = `process.exitCode = await (await import(${JSON.stringify(main)})).main(process.argv.slice(1))`

/** A process of its own, as people run it, without the variables of this one. */
export function runCommand (argv: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null, out: string, err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', launcher, '--', ...argv], { env: { PATH: process.env['PATH'], ...env } })
    let [out, err] = ['', '']
    child.stdout.on('data', chunk => { out += String(chunk) })
    child.stderr.on('data', chunk => { err += String(chunk) })
    child.on('error', reject)
    child.on('close', code => { resolve({ code, out, err }) })
  })
}
