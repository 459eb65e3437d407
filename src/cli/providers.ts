import { providers } from '../../providers/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { pluginFolders } from '../config/providers/plugin.ts'
import { chooseProvider } from '../config/providers/choice.ts'
import { guideOf, summaryOf } from '../config/providers/guide.ts'
import type { Provider } from '../provider.ts'

export interface ProvidersOptions {
  /** One of them, a plugin too. */
  readonly name?: string | undefined
  /** Where a plugin is, if its name does not say. */
  readonly module?: string | undefined
  readonly write?: (text: string) => void
}

const WIDTH = 100

/** `oauth-gate providers [NAME]`: all of them, a line each, or everything about one. @throws {ConfigError} there is none of that name */
export function describeProviders ({ name, module, write = text => { process.stdout.write(text) } }: ProvidersOptions): number {
  if (name === undefined && module === undefined) {
    write(`${table(providers.map(provider => [[provider.name, ...provider.aliases ?? []].join(', '), provider.label, summaryOf(provider)]))}
What one of them needs:  oauth-gate providers NAME
A plugin, npm package oauth-gate-provider-NAME or a file:  oauth-gate providers --provider-module=./idp.mjs
`)
    return 0
  }
  const { provider, problems, notice } = chooseProvider({ name: name?.trim().toLowerCase(), module, folders: pluginFolders(undefined) })
  if (provider === undefined) throw new ConfigError(problems)
  write(page(provider, module) + (notice === undefined ? '' : `\n${wrapped(`Note: ${notice}.`, '')}`))
  return 0
}

function page (provider: Provider, module: string | undefined): string {
  const { title, summary, register, needs, parameters, scopes, people, traps, command } = guideOf(provider, { module })
  const section = (heading: string, lines: readonly string[]) => lines.length === 0 ? '' : `\n${heading}\n${lines.map(line => wrapped(line, '  ')).join('')}`
  return `${title}\n${wrapped(summary, '')}
  ${command.replaceAll('\n', '\n  ')}

  (a value for COOKIE_SECRET:  oauth-gate oauth-secret)
${section('To register:', register)}${section('Must be set:', needs)}${section('Parameters, in --oauth-extra-params:', parameters.map(({ name, doc, example, initial }) => `${name}: ${doc} Like ${example}${initial === '' ? '' : `; ${initial} unless set`}.`))}${section('Asks for:', [scopes])}${section('Who people are:', people)}${section('What people trip over:', traps)}`
}

function table (rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  return rows.map(row => `${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('')
}

/** Foreign words too: a plugin's may hold anything but control characters, which the check of its shape refuses. */
function wrapped (text: string, indent: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || indent.length + last.length + 1 + word.length > WIDTH) lines.push(lines.length === 0 ? word : `  ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.map(line => `${indent}${line}\n`).join('')
}
