import { Option, type Command } from 'commander'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import { loadConfig, type Loaded } from '../config/load.ts'
import { flagNames } from '../config/names.ts'
import { options, type Settings } from '../config/options.ts'
import { refusedFile } from '../config/panel-names.ts'
import type { Flags } from '../config/sources.ts'
import { ownFlags, shortHelp, summaryOf, type TopicName } from './help.ts'
import { secretsInFlags } from './secret-flags.ts'

/** A command that takes every setting. @param argv by which it is known whether anybody asks for it: for the others so many flags would only take time */
export function withSettings (program: Command, name: TopicName, argv: readonly string[]): Command {
  const command = program.command(name).description(summaryOf(name)).option('--help-all').configureHelp({ formatHelp: () => shortHelp(name) })
  if (!argv.includes(name)) return command
  for (const term of ownFlags(name)) command.addOption(term.includes('=file') ? repeatable(new Option(term)) : new Option(term))
  for (const [flag, { option, inFile }] of flagNames) {
    const { bare, shape, variadic } = options[option]
    command.addOption(collecting(new Option(`--${flag} ${bare === true && !inFile ? `[${shape}]` : `<${inFile ? 'file' : shape}${variadic === true && !inFile ? '...' : ''}>`}`)))
  }
  // Commander stops at the first flag it does not know; loadConfig tells all that is wrong at once, with the nearest names.
  return command.allowUnknownOption().allowExcessArguments()
}

function repeatable (option: Option): Option {
  return option.argParser((value: string, before: unknown) => [...Array.isArray(before) ? before as string[] : [], value])
}

// Every value is kept, so that a setting given twice is seen.
function collecting (option: Option): Option {
  return option.optional ? repeatable(option).preset('true') : repeatable(option)
}

/** The settings of a command line that has no other. */
export function flagsOf (command: Command): Flags {
  return Object.fromEntries(command.options.filter(option => flagNames.has(option.name())).map(option => [option.name(), command.getOptionValue(option.attributeName()) as Flags[string]]).filter(([, value]) => value !== undefined))
}

/** @throws {ConfigError} what the settings lack, and what on the command line is no setting */
export function loadAll (command: Command, argv: readonly string[], settings: Settings = {}): Loaded {
  const { flags, strays } = unknownArguments(command.args)
  const problems = distinct(strays.map(text => refusedFile(text, flagBefore(argv, text)) ?? strayProblem(flagBefore(argv, text), argv)))
  try {
    const known = flagsOf(command)
    const loaded = loadConfig({ flags: { ...flags, ...known }, settings })
    if (problems.length === 0) return { ...loaded, notices: [...loaded.notices, ...secretsInFlags(loaded, known)] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (problems.length === 0) throw error
    throw new ConfigError([...problems, ...error.problems], { notices: error.notices })
  }
  throw new ConfigError(problems)
}

function distinct (problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map(problem => [problem.message, problem])).values()]
}

// The word itself, and any word before it, may be a piece of a secret; the flag before it says where to look.
function flagBefore (argv: readonly string[], text: string): string {
  const before = argv.slice(0, argv.lastIndexOf(text)).findLast(word => /^--[a-z]/.test(word))
  return before?.split('=', 1)[0] ?? argv[0] ?? 'the command'
}

function strayProblem (flag: string, argv: readonly string[]): ConfigProblem {
  // A shell that met {'tenant_id': x} without quotes around it left {tenant_id: and x}. The key is no secret; its value might be.
  const key = argv.map(word => /^(?:--oauth-extra-params=)?\{(\w[\w-]*):$/.exec(word)?.[1]).find(Boolean) ?? 'tenant'
  return { setting: flag, message: `A word after ${flag} belongs to no setting.`, fix: `Write --name=value, and quotes around a value that has spaces or quotes in it: --oauth-extra-params="{'${key}': '…'}".` }
}

/** What commander did not know. A word after an unknown flag is taken for its value, which may be a secret: it is not repeated. */
function unknownArguments (args: readonly string[]): { flags: Flags, strays: string[] } {
  const flags = Object.create(null) as Record<string, string>
  const strays: string[] = []
  for (const [index, text] of args.entries()) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(text) ?? []
    const before = args[index - 1] ?? ''
    if (name !== undefined) flags[name] = value ?? ''
    else if (!before.startsWith('--') || before.includes('=')) strays.push(text)
  }
  return { flags, strays }
}
