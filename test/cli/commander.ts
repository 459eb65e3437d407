/** Runs one command line after the other, for `runCommand`. */
import { main } from '../../src/cli/main.ts'
import { END } from './run-command.ts'

const { PATH } = process.env

process.on('message', ({ argv, env }: { argv: readonly string[], env: Record<string, string> }) => {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, { PATH, ...env })
  void main([...argv]).then(code => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.removeAllListeners(signal)
    process.stdout.removeAllListeners('error')
    for (const stream of [process.stdout, process.stderr]) stream.write(END)
    process.send?.(code)
  })
})
process.on('disconnect', () => { process.exit() })
