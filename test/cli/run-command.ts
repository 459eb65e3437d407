import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

export interface Ran { readonly code: number | null, readonly out: string, readonly err: string }

const main = new URL('../../src/cli/main.js', import.meta.url)
const launcher = `process.exitCode = await (await import(${JSON.stringify(main)})).main(process.argv.slice(1))`
/** Says on both streams that all before this belongs to the command that has ended. */
export const END = '\0the command has ended\n'

interface Commander { readonly child: ChildProcess, readonly ended: Promise<null> }

let commander: Commander | undefined
let before: Promise<unknown> = Promise.resolve()

/**
 * A command line as people run it, without the variables of this process. To start a process for each would take most of the
 * time of a file, so one process runs one after the other; what must come to its end by itself is for `runAlone`.
 */
export function runCommand (argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const result = before.then(() => runNext(argv, env))
  before = result.catch(() => {})
  return result
}

async function runNext (argv: readonly string[], env: Record<string, string>): Promise<Ran> {
  const { child, ended } = commander ??= startCommander()
  hold(child, true)
  const outputs = Promise.all([untilEnd(child.stdout), untilEnd(child.stderr)])
  const answer = once(child, 'message').then(([code]) => code as number)
  child.send({ argv, env })
  const code = await Promise.race([answer, ended.then(() => child.exitCode)])
  const [out, err] = await outputs
  hold(child, false)
  return { code, out, err }
}

function startCommander (): Commander {
  const child = fork(new URL('./commander.js', import.meta.url), { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8')
  const ended = new Promise<null>(resolve => {
    child.on('close', () => {
      commander = undefined
      resolve(null)
    })
  })
  return { child, ended }
}

/** Between two commands it does not keep this process from ending, and ends with it. */
function hold (child: ChildProcess, busy: boolean): void {
  for (const handle of [child, child.channel, child.stdout as Socket | null, child.stderr as Socket | null]) handle?.[busy ? 'ref' : 'unref']()
}

function untilEnd (stream: ChildProcess['stdout']): Promise<string> {
  return new Promise(resolve => {
    let text = ''
    const finish = () => {
      stream?.off('data', take).off('close', finish)
      resolve(text.replace(END, ''))
    }
    const take = (chunk: string) => {
      text += chunk
      if (text.endsWith(END)) finish()
    }
    stream?.on('data', take).on('close', finish)
  })
}

/** A process of its own, which must come to its end by itself. */
export function runAlone (argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', launcher, '--', ...argv], { env: { PATH: process.env['PATH'], ...env } })
    let [out, err] = ['', '']
    child.stdout.on('data', chunk => { out += String(chunk) })
    child.stderr.on('data', chunk => { err += String(chunk) })
    child.on('error', reject)
    child.on('close', code => { resolve({ code, out, err }) })
  })
}
