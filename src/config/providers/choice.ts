import basic from '../../../providers/basic.ts'
import { findProvider, providers } from '../../../providers/index.ts'
import { defineProvider, fromHandler, type Provider, type ProviderFile } from '../../provider.ts'
import { Problem, type ConfigProblem } from '../config-error.ts'
import { nearest, optionNames } from '../names.ts'
import { PluginMissing, readPlugin, type Folder, type PluginFile } from './plugin.ts'
import { isHandlerFile, shapeFaults } from './plugin-shape.ts'

/** What the settings say about who signs people in. */
export interface ProviderWish {
  /** `oauth-provider`, in lower case. */
  readonly name: string | undefined
  /** `provider-module`. */
  readonly module: string | undefined
  /** Where plugins are looked for, in this order. */
  readonly folders: readonly Folder[]
}

export interface ProviderChoice {
  /** Absent where a problem says why, or nothing was asked for. */
  readonly provider?: Provider
  readonly problems: readonly ConfigProblem[]
  /** Which file of somebody else's is run. */
  readonly notice?: string
}

/** Every name of a provider of our own. */
export const builtIn: readonly string[] = Object.freeze(providers.flatMap(({ name, aliases = [] }) => [name, ...aliases]))
const list = `Known are ${builtIn.join(', ')}.`

/** The provider that is asked for: one of ours by its name, or a plugin, by its package's name or from a module. */
export function chooseProvider ({ name, module, folders }: ProviderWish): ProviderChoice {
  const own = name === undefined ? undefined : findProvider(name)
  if (module === undefined) return own !== undefined ? { provider: own, problems: [] } : name === undefined ? { problems: [] } : byPackage(name, folders)
  if (own !== undefined) return refuse('provider-module', `The provider ${name} is the gate’s own, and the module ${module} cannot stand in for it.`, 'Leave one of the two settings out, or give the plugin a name of its own.')
  try {
    return fromFile(readPlugin(module, folders), 'provider-module', name)
  } catch (error) {
    return refusal('provider-module', `--provider-module (${module})`, error)
  }
}

function byPackage (name: string, folders: readonly Folder[]): ProviderChoice {
  const [, scope = '', bare = ''] = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?([a-z][a-z0-9_-]{0,39})$/.exec(name) ?? []
  if (bare === '' || name === 'pam' || name === basic.name) return unknown(name, undefined)
  try {
    return fromFile(readPlugin(`${scope}oauth-gate-provider-${bare}`, folders), 'oauth-provider', bare)
  } catch (error) {
    return error instanceof PluginMissing ? unknown(name, error) : refusal('oauth-provider', `--oauth-provider (${name})`, error)
  }
}

function fromFile ({ path, package: origin, content }: PluginFile, setting: string, asked: string | undefined): ProviderChoice {
  const faults = shapeFaults(content)
  if (faults.length > 0) return { problems: faults.map(({ field, message, fix }) => ({ setting, message: `${path}: ${field} ${message}.`, fix })) }
  const provider = isHandlerFile(content) ? fromHandler(content) : defineProvider(content as ProviderFile)
  const names = [provider.name, ...provider.aliases ?? []]
  const taken = names.find(name => builtIn.includes(name) || name === basic.name)
  if (taken !== undefined) return refuse(setting, `${path}: ${taken === provider.name ? 'name' : 'aliases'} has ${taken}, which is a provider of the gate’s own.`, 'Give the plugin another name: none can stand in for one of ours.')
  if (asked !== undefined && !names.includes(asked.replace(/^@[^/]*\//, ''))) return refuse(setting, `${path}: name is ${provider.name}, but --oauth-provider asks for ${asked}.`, `Set --oauth-provider=${provider.name}${setting === 'oauth-provider' ? ` with --provider-module=${path}` : ''}, or leave it out.`)
  const strange = (provider.requires ?? []).flatMap(need => need.split('|')).find(name => provider.parameters[name] === undefined && !(optionNames as readonly string[]).includes(name))
  if (strange !== undefined) return refuse(setting, `${path}: requires has ${strange}, which is neither a parameter of this provider nor a setting.`, `Its parameters are ${Object.keys(provider.parameters).join(', ') || 'none'}; a setting is written like oauthIssuer.`)
  return { provider, problems: [], notice: `the provider ${provider.name} is a plugin: ${path}${origin === undefined ? '' : ` (${origin})`}` }
}

function unknown (name: string, missing: PluginMissing | undefined): ProviderChoice {
  if (name === basic.name) return refuse('oauth-provider', 'The provider basic is --basic-auth, and there is none.', 'Add --basic-auth: a password, or the name of a file of people and theirs.')
  if (name === 'pam') return refuse('oauth-provider', 'The provider pam is not offered: it needs the accounts of the machine Panel runs on.', `Use password for a form that asks a provider’s token endpoint. ${list}`)
  const near = nearest(name, builtIn)
  const plugin = missing === undefined ? '' : ` As a plugin it ${missing.message}.`
  return refuse('oauth-provider', `There is no provider “${name}”.`, `${near === undefined ? '' : `Did you mean ${near}? `}${list}${plugin}`)
}

function refusal (setting: string, subject: string, error: unknown): ProviderChoice {
  if (!(error instanceof Problem)) throw error
  return refuse(setting, `${subject} ${error.message}.`, error.fix ?? 'See docs/plugins.md.')
}

function refuse (setting: string, message: string, fix: string): ProviderChoice {
  return { problems: [{ setting, message, fix }] }
}
