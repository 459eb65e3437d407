import { Command, CommanderError } from 'commander'
import { ConfigError, Problem } from '../config/config-error.ts'
import { flagNames } from '../config/names.ts'
import { options } from '../config/options.ts'
import { outside } from '../outside.ts'
import type { ExplainOptions } from './explain.ts'
import { fullHelp, type TopicName } from './help.ts'
import { oauthSecret } from './oauth-secret.ts'
import { flagsOf, loadAll, withSettings } from './settings.ts'
import { loadWhatIsThere } from './stand-ins.ts'
import { stopAtOnce } from './stop.ts'
import { version } from './version.ts'

const firstSteps = `Nothing is set yet. To see it work, with no account:  oauth-gate demo
In front of your app:  oauth-gate serve --upstream=http://localhost:5006 --oauth-provider=oidc --oauth-issuer=https://… --oauth-key=… --oauth-secret=… --cookie-secret=…
What can be set:  oauth-gate serve --help
`

/**
 * Runs one command line.
 *
 * @param argv without node and script
 * @returns the exit code; what still runs then goes on running
 */
export async function main (argv: string[]): Promise<number> {
  let code = 0
  // `… --help | head` closes the pipe early, which is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error })
  stopAtOnce()
  const program = build(argv, ended => { code = ended })
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode // commander has said what is wrong
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(error.nothingSet ? firstSteps : readable(error, ['providers', 'explain'].includes(argv[0] ?? '')))
    return 1
  }
}

function build (argv: readonly string[], end: (code: number) => void): Command {
  const program = new Command('oauth-gate')
    .description('Puts a sign-in in front of any web app.')
    .version(version, '--version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .exitOverride()
    .configureHelp({ optionDescription: option => option.description, minWidthToWrap: 10_000 }) // one line an option
    // A mistyped flag may hold a secret: its name says enough.
    .configureOutput({ outputError: (text, write) => { write(withFix(text.replace(/('--?[^=']*)=[^]*'/, '$1\''))) } })
  addServe(program, argv, end)
  addDemo(program, end)
  addCheck(program, argv, end)
  addExplain(program, argv, end)
  addHealthcheck(program, argv, end)
  addProviders(program, end)
  program.command('oauth-secret')
    .description('Print a fresh key for --oauth-encryption-key or --cookie-secret.')
    .action(() => { process.stdout.write(`${oauthSecret(outside)}\n`) })
  return program
}

/** What commander says by itself, which is before any setting is looked at, with what to write instead. */
function withFix (text: string): string {
  const [, alone] = /option '(--[a-z-]+) .*' argument missing/.exec(text) ?? []
  if (alone !== undefined) return `${text}Write its value behind it: ${alone}=…\n`
  const [, stray] = /unknown option '(--[a-z-]+)'/.exec(text) ?? []
  return stray !== undefined && flagNames.has(stray.slice(2)) ? `${text}Settings come behind a command: oauth-gate serve ${stray}=…\n` : text
}

function addServe (program: Command, argv: readonly string[], end: (code: number) => void): void {
  const serve = withSettings(program, 'serve', argv)
  serve.action(async () => {
    if (printedAll(serve, 'serve')) return
    const loaded = loadAll(serve, argv)
    end(await (await import('./serve.ts')).serve(loaded, flagsOf(serve)))
  })
}

function addCheck (program: Command, argv: readonly string[], end: (code: number) => void): void {
  const check = withSettings(program, 'check', argv)
  check.action(async () => {
    if (printedAll(check, 'check')) return
    const loaded = loadAll(check, argv)
    end(await (await import('./check.ts')).check(loaded, { live: check.getOptionValue('live') === true }))
  })
}

function addExplain (program: Command, argv: readonly string[], end: (code: number) => void): void {
  const command = withSettings(program, 'explain', argv)
  command.action(async () => {
    if (printedAll(command, 'explain')) return
    const { explain } = await import('./explain.ts')
    end(explain(loadWhatIsThere(settings => loadAll(command, argv, settings)), command.opts<ExplainOptions>()))
  })
}

function addHealthcheck (program: Command, argv: readonly string[], end: (code: number) => void): void {
  const command = withSettings(program, 'healthcheck', argv)
  command.action(async () => {
    if (printedAll(command, 'healthcheck')) return
    const { healthcheck } = await import('./healthcheck.ts')
    end(await healthcheck(loadWhatIsThere(settings => loadAll(command, argv, settings))))
  })
}

function printedAll (command: Command, name: TopicName): boolean {
  if (command.getOptionValue('helpAll') !== true) return false
  process.stdout.write(fullHelp(name))
  return true
}

function addDemo (program: Command, end: (code: number) => void): void {
  const demo = program.command('demo')
    .description('See it work: an embedded provider with four people, a sample app, the gate in front. Needs no account.')
    .option('--port <number>', `${options.port.doc} [${options.port.default}]`, text => read('port', text, options.port.parse))
    .option('--address <ip>', `${options.address.doc} Loopback only. [${options.address.default}]`, text => read('address', text, options.address.parse))
  demo.action(async () => {
    end(await (await import('./demo.ts')).demo(demo.opts<{ port?: number, address?: string }>()))
  })
}

function addProviders (program: Command, end: (code: number) => void): void {
  const command = program.command('providers [name]')
    .description('Say who can sign people in, or what one of them needs.')
    .option('--provider-module <text>', options.providerModule.doc)
  command.action(async (name: string | undefined) => {
    end((await import('./providers.ts')).describeProviders({ name, module: command.opts<{ providerModule?: string }>().providerModule }))
  })
}

function read<T> (flag: string, text: string, parse: (raw: unknown) => T): T {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new ConfigError([{ setting: flag, message: `--${flag} ${error.message}.`, fix: error.fix ?? 'See oauth-gate demo --help.' }])
  }
}

function readable ({ problems, notices }: ConfigError, isQuestion: boolean): string {
  if (isQuestion) return problems.map(({ message, fix }) => `oauth-gate: ${message}\n  ${fix}\n`).join('')
  const count = problems.length === 1 ? 'One thing keeps' : `${problems.length} things keep`
  return `oauth-gate: ${count} it from starting.\n${problems.map(({ message, fix }) => `\n  - ${message}\n    ${fix}\n`).join('')}${notices.map(notice => `\n  Note: ${notice}\n`).join('')}`
}
