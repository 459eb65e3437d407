import basic from '../../../providers/basic.ts'
import type { ParameterValues, Provider } from '../../provider.ts'
import type { ConfigProblem } from '../config-error.ts'
import { draftOf } from '../checks/draft.ts'
import { checkEntry } from '../checks/entry.ts'
import type { Params } from '../kinds/extra-params.ts'
import { fileKeys, flagOf, nearest, shownKey } from '../names.ts'
import { groups, type EntryOption, type OptionName, type ProviderConfig, type ProviderOption } from '../options.ts'
import type { Folder } from './plugin.ts'
import { builtIn, chooseProvider } from './choice.ts'
import { checkTenantRules, checkProviderSettings, checkRules, checkTogether } from '../checks/provider.ts'
import type { ProviderEntry } from '../kinds/provider-entries.ts'
import { takeParameters } from './parameters.ts'
import { resolve, type Resolved, type Source } from '../resolve.ts'
import { settle, type Choices } from './settle.ts'
import type { Candidate } from '../sources.ts'

export interface ProvidersInput {
  readonly choices: Choices
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: Parameters<typeof resolve>[2]
  /** Where plugins are looked for. */
  readonly folders: readonly Folder[]
  readonly problems: ConfigProblem[]
  readonly notices: string[]
}

const own = Object.keys(groups.provider) as ProviderOption[]

const ENTRY: readonly EntryOption[] = ['allowedDomains', 'allowedEmails', 'allowedEmailsFile', 'allowedGroups', 'allowedRoles', 'teamIds', 'allowedOrganizations']

function isEntry (option: OptionName): option is EntryOption {
  return ENTRY.some(entry => entry === option)
}

/** Whether each provider has this setting to itself. */
export function isOfProvider (option: OptionName): option is ProviderOption {
  return Object.hasOwn(groups.provider, option)
}

export interface SettledProviders {
  readonly providers: readonly ProviderConfig[]
  /** All choices, with what the extra params of the one provider settled. */
  readonly choices: Map<OptionName, Resolved>
}

/** Everyone who signs people in: the one of the flags and variables, or those of `providers:`. */
export function settleProviders (input: ProvidersInput): SettledProviders {
  const entries = (input.choices.get('providers')?.value ?? []) as readonly ProviderEntry[]
  const refused = input.choices.get('providers') === undefined // and what it would have said is not missed as well
  const all = entries.length === 0 ? [settleOne(refused ? { ...input, problems: [] } : input, ofOne(input.choices), undefined)] : settleSeveral(input, entries)
  const providers = all.map(({ config }) => config)
  checkTenantRules(providers, input.choices, input.problems)
  checkEntry(providers, input)
  if (entries.length > 1) checkTogether(providers, input.choices, input.problems)
  checkRules(providers, input.choices, input.problems)
  return { providers, choices: new Map([...input.choices, ...entries.length === 0 ? all[0]?.choices ?? [] : []]) }
}

function ofOne (choices: Choices): Choices {
  return new Map([...choices].filter(([option]) => isOfProvider(option)))
}

function settleSeveral (input: ProvidersInput, entries: readonly ProviderEntry[]): readonly Settled[] {
  for (const option of own) {
    const source = input.choices.get(option)?.source
    if (source !== undefined && source.level !== 'default') input.problems.push({ setting: flagOf(option), message: `${source.from} is given together with providers:, where each provider has its own.`, fix: 'Move it into the provider it is for.' })
  }
  return entries.map(entry => settleOne(input, choicesOf(entry, input), entry))
}

/** The settings of one entry, read like any others of a file. */
function choicesOf ({ id, settings }: ProviderEntry, { readFile, problems, notices }: ProvidersInput): Choices {
  const candidates: Candidate[] = []
  const known = [...fileKeys].filter(([, { option }]) => isOfProvider(option) || isEntry(option)).map(([key]) => key)
  for (const [key, raw] of Object.entries(settings)) {
    const name = known.includes(key) ? fileKeys.get(key) : undefined
    const near = nearest(key, known)
    if (name !== undefined) candidates.push({ ...name, level: 'file', from: `${key} of provider ${id}`, raw })
    else problems.push({ setting: shownKey(key, known), message: `${shownKey(key, known)} is not a setting of one provider (${id}).`, fix: near === undefined ? `Known are id, user_prefix, ${known.join(', ')}.` : `Did you mean ${near}?` })
  }
  return new Map([...own, ...ENTRY].flatMap(option => {
    const decision = resolve(option, candidates.filter(candidate => candidate.option === option), readFile, problems, notices)
    return decision === undefined ? [] : [[option, decision] as [OptionName, Resolved]]
  }))
}

/** Where each provider has its own, a flag would be for none of them. */
function asInFile (fix: string): string {
  return fix.replace(/--([a-z-]+)(=?)/g, (written, flag: string, equals: string) => {
    const key = flag.replaceAll('-', '_')
    const name = fileKeys.get(key)
    return name === undefined || !isOfProvider(name.option) ? written : key + (equals === '' ? '' : ': ')
  })
}

interface Settled { readonly config: ProviderConfig, readonly choices: Choices }

function settleOne ({ env, folders, problems, notices }: ProvidersInput, choices: Choices, entry: ProviderEntry | undefined): Settled {
  const found: ConfigProblem[] = []
  const provider = chosen(choices, folders, found, notices)
  const { parameters, choices: settled } = placed(provider, settle(choices, found, notices), { env, problems: found, notices })
  const draft = draftOf(settled, found, notices)
  if (provider !== undefined && draft.missing('oauthProvider')) draft.change('oauthProvider', provider.name) // the module says it
  checkProviderSettings({ ...draft, provider, parameters })
  problems.push(...found.map(problem => entry === undefined ? problem : { ...problem, message: `Provider ${entry.id}: ${problem.message}`, fix: asInFile(problem.fix) }))
  const { id = provider?.name ?? '', userPrefix } = entry ?? {}
  const valuesOf = (belongs: (option: OptionName) => boolean) => Object.fromEntries([...settled].flatMap(([option, { value }]) => belongs(option) ? [[option, value]] : []))
  const settings = valuesOf(isOfProvider) as unknown as Pick<ProviderConfig, ProviderOption>
  const label = settings.name ?? provider?.label ?? ''
  const lists = valuesOf(option => isEntry(option) && settled.get(option)?.value !== undefined) as NonNullable<ProviderConfig['entry']>
  return { choices: settled, config: Object.freeze({ ...settings, id, label, provider: provider as Provider, parameters, ...userPrefix === undefined ? {} : { userPrefix }, ...Object.keys(lists).length === 0 ? {} : { entry: lists } }) }
}

function chosen (choices: Choices, folders: readonly Folder[], problems: ConfigProblem[], notices: string[]): Provider | undefined {
  const [named, module, basicAuth] = [choices.get('oauthProvider'), choices.get('providerModule'), choices.get('basicAuth')]
  if (named === undefined || module === undefined || basicAuth === undefined) return undefined // what was refused before is not complained about again
  if (basicAuth.value !== undefined) return byPassword(basicAuth.source, [named, module], problems)
  const { provider, problems: found, notice } = chooseProvider({ name: named.value as string | undefined, module: module.value as string | undefined, folders })
  problems.push(...found)
  if (notice !== undefined) notices.push(notice)
  if (provider === undefined && found.length === 0) problems.push({ setting: 'oauth-provider', message: 'There is no --oauth-provider: who signs people in.', fix: `Known are ${builtIn.join(', ')}. Without any, --basic-auth asks for a password.` })
  return provider
}

/** The gate itself signs people in, and nobody beside. */
function byPassword ({ from }: Source, choices: readonly Resolved[], problems: ConfigProblem[]): Provider {
  const other = choices.find(({ value }) => value !== undefined && value !== basic.name)
  if (other !== undefined) problems.push({ setting: 'basic-auth', message: `${from} and ${other.source.from} both say how people sign in.`, fix: 'Keep one of them. Where people choose between a password and a provider, providers: in a file has both, each with an id.' })
  return basic
}

interface Rest { readonly env: ProvidersInput['env'], readonly problems: ConfigProblem[], readonly notices: string[] }

/** The provider's own parameters stand among the extra params; what is left of those goes on the authorization URL. */
function placed (provider: Provider | undefined, choices: Map<OptionName, Resolved>, { env, problems, notices }: Rest): { parameters: ParameterValues, choices: Map<OptionName, Resolved> } {
  const extra = choices.get('oauthExtraParams')
  if (provider === undefined || extra === undefined) return { parameters: {}, choices }
  const { parameters, left } = takeParameters(provider, { params: extra.value as Params, from: extra.source.from, env }, problems, notices)
  choices.set('oauthExtraParams', { ...extra, value: left })
  return { parameters, choices }
}
