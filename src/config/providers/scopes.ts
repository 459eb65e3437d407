import { membersIn } from '../../identity/jmespath-members.ts'
import type { Expression } from '../../identity/jmespath.ts'
import type { EntryOption, ProviderConfig, Values } from '../options.ts'

type Asking = Partial<Pick<Values, EntryOption | 'rules' | 'header'>>

/** What is asked for at the provider: what settings say, or else what its file does, with what it wants for groups where somebody asks for those. */
export function scopesOf (settings: Pick<ProviderConfig, 'provider' | 'emptyScopes' | 'oauthScope' | 'entry'>, config: Asking): readonly string[] {
  const { emptyScopes, oauthScope, provider: { scopes, groupScopes = [] }, entry = {} } = settings
  if (emptyScopes) return []
  return oauthScope ?? [...scopes, ...asksForGroups(config) || asksForGroups(entry) ? groupScopes : []]
}

function asksForGroups ({ allowedGroups, teamIds, allowedOrganizations, rules = [], header = [] }: Asking): boolean {
  return [allowedGroups, teamIds, allowedOrganizations].some(names => names !== undefined) ||
    rules.some(({ allow }) => typeof allow === 'object' && (allow.groups !== undefined || speaksOfGroups(allow.condition))) ||
    header.some(({ expression }) => speaksOfGroups(expression))
}

function speaksOfGroups (expression: Expression | undefined): boolean {
  return expression !== undefined && membersIn(expression.text).some(member => ['groups', 'teams', 'organizations'].includes(member))
}
