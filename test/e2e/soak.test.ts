// What `npm run soak` does for ten minutes, for a minute: bench/soak.mjs. Nothing passes or fails by how fast it is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { onlyInCi } from '../fixtures/lacking.ts'

interface Result {
  readonly failures: readonly string[]
  readonly rules: readonly { readonly name: string, readonly holds: boolean, readonly figures: string }[]
  readonly kinds: Readonly<Record<string, { readonly count: number }>>
}

async function soak (t: Test, ...args: string[]): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-soak-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const file = join(folder, 'result.json')
  const child = spawn(process.execPath, ['bench/soak.mjs', `--file=${file}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [said, cried, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  t.equal(status, 0, `bench/soak.mjs ${args.join(' ')} ends well: ${cried}${said}`)
  t.comment(said)
  return JSON.parse(readFileSync(file, 'utf8')) as Result
}

const ways: readonly (readonly [title: string, args: readonly string[], options: object])[] = [
  ['while everything around the gate fails, every answer is for who asked, and nothing is left of anybody who has gone', ['--seconds=8', '--people=12'], {}],
  ['the same for a minute, with two workers and a Redis that is killed and hangs', ['--seconds=60', '--people=60', '--store=redis', '--workers=2'], onlyInCi('a minute of many people')]
]

for (const [title, args, options] of ways) {
  t.test(title, options, async t => {
    t.setTimeout(280_000)
    const { failures, rules, kinds } = await soak(t, ...args)
    t.strictSame(failures, [])
    t.equal(rules.length, 5, 'memory and descriptors were judged')
    for (const { name, holds, figures } of rules) t.ok(holds, `${name}: ${figures}`)
    for (const kind of ['page', 'sign-in']) t.ok((kinds[kind]?.count ?? 0) > 0, `${kind}: people did it`)
  })
}
