import { isLoopback } from '../../oauth/loopback.ts'
import type { Parameter, ParameterValues, Provider } from '../../provider.ts'
import { Problem, type ConfigProblem } from '../config-error.ts'
import type { Params } from '../kinds/extra-params.ts'
import { parseUrl } from '../../url.ts'

/** Panel keeps these from the provider, whether or not they mean something to it. */
const RESERVED = ['tenant', 'subdomain', 'url', 'server']

export interface ParameterSource {
  readonly params: Params
  /** Names the extra params in messages. */
  readonly from: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface TakenParameters {
  readonly parameters: ParameterValues
  /** What goes on the authorization request. */
  readonly left: Params
}

/** Takes a provider's own parameters out of the extra params; an environment variable of the provider beats them, as in Panel. */
export function takeParameters (provider: Pick<Provider, 'name' | 'parameters'>, source: ParameterSource, problems: ConfigProblem[], notices: string[]): TakenParameters {
  const parameters: Record<string, string> = {}
  const left = new Map(Object.entries(source.params))
  for (const [name, parameter] of Object.entries(provider.parameters)) {
    const said = sayings(name, parameter, source)
    for (const { key } of said) if (key !== undefined && !(parameter.sent === true && key === name)) left.delete(key)
    const value = decide(name, parameter, said, problems, notices)
    if (value !== undefined) parameters[name] = value
  }
  const unused = RESERVED.filter(name => left.delete(name))
  if (unused.length > 0) notices.push(`${source.from} has ${unused.join(', ')}, which means nothing to the provider ${provider.name} and is not sent`)
  return { parameters: Object.freeze(parameters), left: Object.freeze(Object.fromEntries(left)) }
}

interface Saying { readonly text: string, readonly from: string, /** Its name among the extra params. */ readonly key?: string }

/** The strongest first. */
function sayings (name: string, { aliases = [], environment = [] }: Parameter, { params, from, env }: ParameterSource): Saying[] {
  const inEnvironment = environment.flatMap(variable => env[variable] === undefined || env[variable] === '' ? [] : [{ text: env[variable], from: variable }])
  const inParams = [name, ...aliases].flatMap(key => params[key] === undefined ? [] : [{ text: params[key], from: `${key} in ${from}`, key }])
  return [...inEnvironment, ...inParams]
}

function decide (name: string, parameter: Parameter, [first, ...others]: readonly Saying[], problems: ConfigProblem[], notices: string[]): string | undefined {
  if (first === undefined) return parameter.default
  for (const other of others.filter(({ text }) => text !== first.text)) {
    if (first.key !== undefined) problems.push({ setting: 'oauth-extra-params', message: `${first.from} and ${other.from} are one parameter and differ.`, fix: 'Keep one of them.' })
    else notices.push(`${first.from} overrides ${other.from}`)
  }
  try {
    if (first.text.trim() === '' && parameter.mayBeEmpty !== true) throw new Problem('is empty')
    return parameter.kind === 'origin' ? parseOrigin(first.text.trim()) : parseText(first.text.trim())
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problems.push({ setting: 'oauth-extra-params', message: `${first.from} ${error.message}.`, fix: `Write it like '${name}': '${parameter.example}'.` })
    return undefined
  }
}

/** A host, or an address with a path below which the provider is; plain http on loopback only, because secrets are sent there. */
function parseOrigin (text: string): string {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  if (parseUrl(written) === null) throw new Problem('is neither a host nor an address')
  const { protocol, username, password, host, hostname, pathname, search, hash } = new URL(written)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) throw new Problem('must be https; http is for loopback addresses only')
  if (username !== '' || password !== '' || search !== '' || hash !== '' || /[{}%\\]/.test(pathname)) throw new Problem('must be a host, with a path at most')
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`
}

/** One segment of a path or of a host name: anything else could lead somewhere else. */
function parseText (text: string): string {
  if (text !== '' && text !== '*' && !/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text)) throw new Problem('may have letters, digits, dots, hyphens and underscores only')
  if (text.includes('..')) throw new Problem('has two dots in a row')
  return text
}
