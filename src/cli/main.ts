import { Command, CommanderError, Option } from 'commander'
import { ConfigError, Problem } from '../config/config-error.ts'
import { describeOptions, type OptionHelp } from '../config/describe.ts'
import { loadConfig } from '../config/load.ts'
import { flagNames } from '../config/names.ts'
import { options } from '../config/options.ts'
import type { Flags } from '../config/sources.ts'
import { outside } from '../outside.ts'
import { oauthSecret } from './oauth-secret.ts'
import { version } from './version.ts'

const firstSteps = `Nothing is set yet. To see it work, with no account:  oauth-gate demo
In front of your app:  oauth-gate serve --upstream=http://localhost:5006 --oauth-provider=oidc --oauth-issuer=https://… --oauth-key=… --oauth-secret=… --cookie-secret=…
All that can be set:  oauth-gate serve --help
`

/**
 * Runs one command line.
 *
 * @param argv without node and script
 * @returns the exit code; what still runs then goes on running
 */
export async function main (argv: string[]): Promise<number> {
  let code = 0
  const program = build(ended => { code = ended })
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode // commander has said what is wrong
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(error.nothingSet ? firstSteps : readable(error))
    return 1
  }
}

function build (end: (code: number) => void): Command {
  const program = new Command('oauth-gate')
    .description('Puts a sign-in in front of any web app.')
    .version(version, '--version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .exitOverride()
    .configureHelp({ optionDescription: option => option.description, minWidthToWrap: 10_000 }) // one line an option
    // A mistyped flag may hold a secret: its name says enough.
    .configureOutput({ outputError: (text, write) => { write(text.replace(/('--?[^=']*)=[^]*'/, '$1\'')) } })
  addServe(program, end)
  addDemo(program, end)
  program.command('oauth-secret')
    .description('Print a fresh key for --oauth-encryption-key or --cookie-secret.')
    .action(() => { process.stdout.write(`${oauthSecret(outside)}\n`) })
  return program
}

function addServe (program: Command, end: (code: number) => void): void {
  const serve = program.command('serve').description('Run the gate. Each setting is also read from OAUTH_GATE_… variables and the file that --config names.')
  for (const { title, lines } of describeOptions()) {
    for (const { term, text } of lines.filter(isFlag)) serve.addOption(collecting(new Option(term, text).helpGroup(title)))
  }
  for (const [flag, { option, inFile }] of flagNames) {
    if (!serve.options.some(known => known.long === `--${flag}`)) serve.addOption(collecting(new Option(`--${flag} <${inFile ? 'file' : options[option].shape}>`).hideHelp()))
  }
  const others = describeOptions().flatMap(group => group.lines).filter(line => !isFlag(line))
  serve.addHelpText('after', `\nIn the file only:\n${others.map(({ term, text }) => `  ${term}  ${text}\n`).join('')}`)
  serve.action(async () => {
    const loaded = loadConfig({ flags: flagsOf(serve) })
    end(await (await import('./serve.ts')).serve(loaded))
  })
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

function isFlag ({ term }: OptionHelp): boolean {
  return term.startsWith('--')
}

// Every value is kept, so that a setting given twice is seen.
function collecting (option: Option): Option {
  option.argParser((value: string, before: unknown) => [...Array.isArray(before) ? before as string[] : [], value])
  return option.optional ? option.preset('true') : option
}

function flagsOf (command: Command): Flags {
  return Object.fromEntries(command.options.map(option => [option.name(), command.getOptionValue(option.attributeName()) as Flags[string]]).filter(([, value]) => value !== undefined))
}

function read<T> (flag: string, text: string, parse: (raw: unknown) => T): T {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new ConfigError([{ setting: flag, message: `--${flag} ${error.message}.`, fix: error.fix ?? 'See oauth-gate demo --help.' }])
  }
}

function readable ({ problems }: ConfigError): string {
  const count = problems.length === 1 ? 'One thing keeps' : `${problems.length} things keep`
  return `oauth-gate: ${count} it from starting.\n${problems.map(({ message, fix }) => `\n  - ${message}\n    ${fix}\n`).join('')}`
}
