import { readFileSync } from 'node:fs'
import { Claims } from '../claims.ts'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import type { Config, ProviderConfig } from '../config/options.ts'
import { scopesOf } from '../config/providers/scopes.ts'
import type { Person } from '../explanation.ts'
import type { MoreDocuments, SourceDocument } from '../identity/sources.ts'
import { claimsOfToken, listDocuments, putTogether } from '../oauth/merge-claims.ts'
import { isOpenedBy, placesOf } from '../provider-places.ts'
import type { Resource } from '../provider.ts'

/** The flags of `explain` that are no settings. */
export interface ExplainFlags {
  /** Which of several providers said it, by its id. */
  readonly provider?: string | undefined
  /** Files: `-` is standard input. */
  readonly claims?: string | undefined
  readonly userinfo?: string | undefined
  readonly accessToken?: string | undefined
  /** `NAME=FILE` */
  readonly document?: readonly string[] | undefined
}

const MORE = ['emails', 'teams', 'organizations'] as const

/**
 * Somebody, as files have what a provider said of them.
 *
 * @returns `undefined` where no file was named: a stranger
 * @throws {ConfigError} with every file that cannot be used
 */
export function readPerson (flags: ExplainFlags, config: Config): Person | undefined {
  const problems: ConfigProblem[] = []
  const provider = providerOf(flags, config, problems)
  const piped = [flags.claims, flags.userinfo, flags.accessToken, ...(flags.document ?? []).map(text => text.replace(/^[^=]*=/, ''))].filter(file => file === '-')
  if (piped.length > 1) throw new ConfigError([{ setting: 'claims', message: 'Standard input (-) is named more than once, and can be read once.', fix: 'Name a file for all but one.' }])
  const trusted = [['id_token', 'claims', flags.claims], ['userinfo', 'userinfo', flags.userinfo]] as const
  const documents = trusted.flatMap(([name, flag, file]): SourceDocument[] => file === undefined ? [] : [{ name, claims: new Claims(readObject(flag, file, problems)) }])
  const token = flags.accessToken === undefined ? '' : readText('access-token', flags.accessToken, problems).trim()
  const { resources, opened } = resourcesOf(provider, config)
  const names = Object.keys(resources)
  const others = (flags.document ?? []).flatMap(text => readNamed(text, [...opened, ...MORE.filter(name => !names.includes(name))], problems))
  if (problems.length > 0) throw new ConfigError(problems)
  if (documents.length === 0 && token === '' && others.length === 0) return undefined
  const read = names.flatMap(name => listed(name, resources[name]?.items, others))
  const more: MoreDocuments = Object.fromEntries(MORE.flatMap(name => pagesOf(others.filter(([other]) => other === name && !names.includes(name)))))
  const userInfo = documents.some(({ name }) => name === 'userinfo') ? [] : read.filter(([name]) => name === 'user').map(([, claims]) => ({ name: 'userinfo', claims }))
  const given = [...read.map(([name]) => name), ...documents.some(({ name }) => name === 'userinfo') ? ['user'] : []]
  return { provider, given, said: { ...putTogether(listDocuments([...documents, ...userInfo], token), names, read), more } }
}

/** Each time that a name is given is one more page. */
function pagesOf (given: readonly (readonly [string, Claims])[]): readonly (readonly [string, readonly Claims[]])[] {
  const [first] = given
  return first === undefined ? [] : [[first[0], given.map(([, page]) => page)]]
}

/** What the provider's file wants read beside, and of that what the gate does read, by the scopes that it asks for. */
function resourcesOf (settings: ProviderConfig, config: Config): { readonly resources: Readonly<Record<string, Resource>>, readonly opened: readonly string[] } {
  const scopes = scopesOf(settings, config)
  const { resources } = placesOf(settings.provider, settings.parameters, scopes)
  return { resources, opened: Object.entries(resources).flatMap(([name, resource]) => isOpenedBy(scopes, resource) ? [name] : []) }
}

/** A document as the gate reads it: the list out of each answer, where the provider wraps one, and all pages together. */
function listed (name: string, items: string | undefined, others: readonly (readonly [string, Claims])[]): (readonly [string, Claims])[] {
  const answers = others.filter(([other]) => other === name).map(([, page]) => page.whole())
  const pages = answers.map(answer => items === undefined || Array.isArray(answer) ? answer : new Claims(answer).raw(items))
  if (pages.length === 0) return []
  return [[name, new Claims(pages.every(page => Array.isArray(page)) ? pages.flat() : pages[0])]]
}

function providerOf ({ provider: id }: ExplainFlags, { providers }: Config, problems: ConfigProblem[]): ProviderConfig {
  const found = id === undefined ? providers[0] : providers.find(provider => provider.id === id)
  if (found === undefined || (id === undefined && providers.length > 1)) problems.push({ setting: 'provider', message: found === undefined ? `There is no provider ${JSON.stringify(id)}.` : 'There are several providers, and claims are those of one.', fix: `Write --provider=${providers.map(provider => provider.id).join(', or --provider=')}.` })
  return found ?? providers[0]
}

function readNamed (text: string, known: readonly string[], problems: ConfigProblem[]): [string, Claims][] {
  const [, name = '', file = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  if (!known.includes(name) || file === '') {
    problems.push({ setting: 'document', message: `--document=${JSON.stringify(text)} names no document that is looked at here.`, fix: `Write --document=NAME=FILE, where NAME is one of ${[...new Set(known)].join(', ')}.` })
    return []
  }
  return [[name, new Claims(readJson(`document=${name}`, file, problems))]]
}

function readObject (flag: string, file: string, problems: ConfigProblem[]): unknown {
  const text = readText(flag, file, problems)
  const token = claimsOfToken(text.trim())
  if (token !== undefined) return token.whole()
  const json = parsed(flag, file, text, problems)
  if (json !== undefined && (typeof json !== 'object' || json === null || Array.isArray(json))) problems.push({ setting: flag, message: `--${flag}=${file} is no JSON object.`, fix: 'Give it the claims as the provider sends them: { "sub": "…", "email": "…" }.' })
  return json
}

function readJson (flag: string, file: string, problems: ConfigProblem[]): unknown {
  return parsed(flag, file, readText(flag, file, problems), problems)
}

/** Of text that is no JSON nothing is repeated: it may be a token. */
function parsed (flag: string, file: string, text: string, problems: ConfigProblem[]): unknown {
  if (text === '') return undefined // told before
  try {
    return JSON.parse(text) as unknown
  } catch {
    problems.push({ setting: flag, message: `--${flag}=${file} is not JSON.`, fix: 'Give it what the provider sent, whole: JSON, or for --claims the id_token itself.' })
    return undefined
  }
}

function readText (flag: string, file: string, problems: ConfigProblem[]): string {
  if (claimsOfToken(file) !== undefined) {
    problems.push({ setting: flag, message: `--${flag} takes the name of a file, and this is a token itself.`, fix: `Write it into a file, or pipe it: echo "$TOKEN" | oauth-gate explain --${flag}=-.` })
    return ''
  }
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8')
    if (text.trim() === '') problems.push({ setting: flag, message: `--${flag}=${file} is empty.`, fix: 'Give it what the provider sent, as JSON.' })
    return text.trim()
  } catch (error) {
    problems.push({ setting: flag, message: `--${flag}=${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`, fix: 'Check the path; it is seen from the folder where oauth-gate was started.' })
    return ''
  }
}
