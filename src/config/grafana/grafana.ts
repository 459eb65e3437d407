import { providers } from '../../../providers/index.ts'
import { Problem, type ConfigProblem } from '../config-error.ts'
import { flagOf, nearest } from '../names.ts'
import { options, type OptionName } from '../options.ts'
import type { Candidate, Gathered } from '../sources.ts'
import { blockVariables, isOn, readEnvironment } from './environment.ts'
import type { Surroundings } from './expand.ts'
import { readIniFile } from './file.ts'
import { BLOCK, CALLBACK, keys, PLACEHOLDER, presets, shown, type KeyUse } from './keys.ts'
import { Layers, type Layer, type Written } from './layers.ts'
import { rootUrlSettings } from './root-url.ts'
import { readFlag, readList } from './values.ts'

export interface GrafanaInput extends Surroundings {
  /** What stands in an INI file, where `--config` names one. */
  readonly file?: { readonly path: string, readonly text: string } | undefined
  /** Whether variables were asked for. */
  readonly grafanaEnv: boolean
  /** What everything else says: Grafana's defaults give way to it. */
  readonly said: readonly Candidate[]
}

/**
 * Grafana's own configuration, as settings of the gate: the block of generic_oauth, and the little of other sections that it depends on.
 *
 * @throws {Problem} the file is no INI
 */
export function fromGrafana (input: GrafanaInput): Gathered {
  const reading = new Reading(input)
  reading.read()
  return reading
}

class Reading implements Gathered {
  readonly candidates: Candidate[] = []
  readonly problems: ConfigProblem[] = []
  readonly notices: string[] = []
  readonly #input: GrafanaInput
  readonly #layers: Layers

  constructor (input: GrafanaInput) {
    this.#input = input
    const { file, grafanaEnv, env } = input
    this.#layers = new Layers([
      ...grafanaEnv ? [readEnvironment(input, this.problems, this.notices)] : [],
      ...file === undefined ? [] : [readIniFile(file, this.problems, this.notices)]
    ], input)
    const unread = grafanaEnv ? [] : blockVariables(env)
    if (unread.length > 0) this.notices.push(`${unread.length === 1 ? `${unread[0] ?? ''} is` : `${unread[0] ?? ''} and ${unread.length - 1} more are`} not read: --grafana-env would take Grafana’s variables`)
  }

  read (): void {
    this.#readRootUrl()
    const block = this.#layers.all.find(({ sections }) => sections.has(BLOCK))
    if (block === undefined) return this.#withoutBlock()
    const enabled = this.#layers.find(BLOCK, 'enabled')
    if (enabled === undefined) this.notices.push(`${block.say(BLOCK, 'enabled')} is not written, which to Grafana means false: here it is taken as true`)
    else if (this.#flag(enabled) === false) return this.#without(`${enabled.from} is false`, 'Write enabled = true, or name a provider with --oauth-provider.')
    this.#readBlock()
    this.#preset()
  }

  #readRootUrl (): void {
    const [root, sub] = ['root_url', 'serve_from_sub_path'].map(key => this.#layers.find('server', key))
    if (root === undefined) return
    const servesSubPath = sub !== undefined && this.#flag(sub) === true
    this.#attempt('public-url', root.from, () => {
      for (const [option, raw] of rootUrlSettings(this.#layers.text(root), servesSubPath)) this.#add(option, raw, root)
    })
  }

  #withoutBlock (): void {
    const { file, grafanaEnv } = this.#input
    if (file !== undefined) this.#without(`${file.path} has no [${BLOCK}]`, 'Paste Grafana’s block into it, or name a provider with --oauth-provider.')
    else if (grafanaEnv) this.notices.push('--grafana-env found no GF_AUTH_GENERIC_OAUTH_*')
  }

  /** No provider is here; that another is named is fine. */
  #without (why: string, fix: string): void {
    if (this.#isSaid('oauthProvider') || this.#isSaid('providers')) this.notices.push(`${why}: nobody signs in by it`)
    else this.problems.push({ setting: 'oauth-provider', message: `${why}, and nothing else says who signs people in.`, fix })
  }

  #readBlock (): void {
    const skipped = [...this.#skipsRoles() ? ['role_attribute_path', 'role_attribute_strict'] : [], ...this.#skipsScopes() ? ['scopes'] : []]
    const params: Partial<Record<Layer['level'], Record<string, string>>> = {}
    for (const layer of this.#layers.all.toReversed()) {
      for (const key of layer.sections.get(BLOCK)?.keys() ?? []) {
        const use = Object.hasOwn(keys, key) ? keys[key] : undefined
        const written = this.#layers.in(layer, BLOCK, key)
        if (use === undefined) this.#unknown(layer, key)
        else if (written !== undefined && !skipped.includes(key)) this.#take(use, written, params)
      }
    }
    for (const [level, more] of Object.entries(params) as [Layer['level'], Record<string, string>][]) this.#add('oauthExtraParams', { ...params.file, ...more }, { level, from: level === 'file' ? `[${BLOCK}] in ${this.#input.file?.path ?? ''}` : Object.keys(more).map(name => name === 'hd' ? 'GF_AUTH_GENERIC_OAUTH_HOSTED_DOMAIN' : 'GF_AUTH_GENERIC_OAUTH_LOGIN_PROMPT').join(' and ') })
    const [own, everybodys] = [BLOCK, 'auth'].map(section => this.#layers.find(section, 'signout_redirect_url'))
    if (own === undefined && everybodys !== undefined) this.#take(keys['signout_redirect_url'] as KeyUse, everybodys, {})
    const role = this.#layers.find('users', 'auto_assign_org_role')
    if (role !== undefined && skipped[0] !== 'role_attribute_path') this.#attempt('default-role', role.from, () => this.#add('defaultRole', this.#layers.text(role), role))
  }

  #take (use: KeyUse, written: Written, params: Partial<Record<Layer['level'], Record<string, string>>>): void {
    if ('switch' in use) return
    const { key, from, level } = written
    this.#attempt('option' in use ? flagOf(use.option) : key, from, () => {
      const text = this.#layers.text(written)
      if ('option' in use) return this.#setting(use, text, written)
      if ('param' in use) {
        if (use.words?.includes(text) === false) throw new Problem(`must be one of ${use.words.join(', ')}`, 'Leave it empty for the provider’s own way.')
        params[level] = { ...params[level], [use.param]: text }
        if (use.remark !== undefined) this.notices.push(`${from} ${use.remark}`)
      } else if (use.flag !== true || readFlag(text)) this.#decline(use, written)
    })
  }

  #setting ({ option, as, remark }: Extract<KeyUse, { readonly option: OptionName }>, text: string, written: Written): void {
    if (option === 'oauthKey' && text === PLACEHOLDER) {
      if (this.#isSaid('oauthKey')) return
      throw new Problem(`is ${PLACEHOLDER}, which only holds the place`, 'Write the client id that the provider issued.')
    }
    if (option === 'authStyle' && text.toLowerCase() === 'autodetect') return
    const more = remark?.(text)
    if (more !== undefined) this.notices.push(`${written.from} ${more}`)
    const raw = as === 'flag' ? readFlag(text) : as === 'list' ? readList(text) : text
    if (Array.isArray(raw) && raw.length === 0) return // [] says that there is nothing, as an empty value does
    this.#add(option, raw, written)
  }

  #decline (use: KeyUse, { key, from }: Written): void {
    if ('passed' in use) this.notices.push(`${from} is not used: ${use.passed}`)
    if (!('refused' in use)) return
    if (use.unlessIssuer === true && this.#isSaid('oauthIssuer')) this.notices.push(`${from} is not used: --oauth-issuer does what it was for`)
    else this.problems.push({ setting: key, message: `${from} ${use.refused}.`, fix: use.fix })
  }

  /** Roles that Grafana would not look for either. */
  #skipsRoles (): boolean {
    const skip = this.#layers.find(BLOCK, 'skip_org_role_sync')
    if (skip === undefined || this.#flag(skip) !== true) return false
    this.notices.push(`${skip.from} is on: nobody is given a role, and role_attribute_path and role_attribute_strict are not used`)
    return true
  }

  /** To Grafana it beats scopes, whether they are written or its default. */
  #skipsScopes (): boolean {
    const [empty, scopes] = ['empty_scopes', 'scopes'].map(key => this.#layers.find(BLOCK, key))
    if (empty === undefined || this.#flag(empty) !== true) return false
    if (scopes !== undefined) this.notices.push(`${empty.from} is on: no scope is asked for, and ${scopes.from} is not used`)
    return true
  }

  #unknown (layer: Layer, key: string): void {
    if (layer.level === 'grafana') return // told where the variables were read
    const near = nearest(key, Object.keys(keys))
    this.problems.push({ setting: shown(key), message: `${layer.say(BLOCK, shown(key))} is none of the keys that the gate knows.`, fix: near === undefined ? 'Take it out; docs/grafana.md has those that are read.' : `Did you mean ${near}?` })
  }

  /** What Grafana has where nobody says anything. Another provider than generic has its own. */
  #preset (): void {
    const provider = this.#input.said.find(({ option }) => option === 'oauthProvider')
    this.#unlessSaid('callbackPath', CALLBACK)
    if (this.candidates.some(({ option }) => option === 'oauthLogoutUrl')) this.#unlessSaid('signOutAtProvider', 'always') // Grafana sends people there unasked
    if (this.#isSaid('providers') || this.#isSaid('providerModule') || (provider !== undefined && String(provider.raw).trim().toLowerCase() !== 'generic')) return
    this.#unlessSaid('oauthProvider', 'generic')
    const asksNothing = isOn(String([...this.#input.said, ...this.candidates].find(({ option }) => option === 'emptyScopes')?.raw))
    for (const [option, raw] of Object.entries(presets) as [OptionName, string][]) if (option !== 'oauthScope' || !asksNothing) this.#unlessSaid(option, raw)
    const token = this.candidates.findLast(({ option }) => option === 'oauthTokenUrl')?.raw
    const known = providers.find(({ endpoints }) => typeof endpoints === 'object' && endpoints.token === token)
    if (known?.authStyle !== undefined) this.#unlessSaid('authStyle', known.authStyle)
    if (!this.#isSaid('usePkce')) this.notices.push('use_pkce is not written: PKCE is on, which it is not in Grafana')
  }

  #unlessSaid (option: OptionName, raw: string): void {
    if (!this.#isSaid(option)) this.candidates.push({ option, inFile: false, level: 'preset', from: 'Grafana’s default', raw })
  }

  #isSaid (option: OptionName): boolean {
    return [...this.#input.said, ...this.candidates].some(candidate => candidate.option === option) || this.problems.some(({ setting }) => setting === flagOf(option))
  }

  #add (option: OptionName, raw: unknown, { level, from }: { readonly level: Layer['level'], readonly from: string }): void {
    this.candidates.push({ option, inFile: false, level, from, raw: options[option].bare === true ? String(raw) : raw })
  }

  #flag (written: Written): boolean | undefined {
    return this.#attempt(written.key, written.from, () => readFlag(this.#layers.text(written)))
  }

  #attempt<T> (setting: string, from: string, work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.problems.push({ setting, message: `${from} ${error.message}.`.trimStart(), fix: error.fix ?? 'See docs/grafana.md.' })
      return undefined
    }
  }
}
