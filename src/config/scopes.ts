import type { EntryOption, ProviderConfig, Values } from './options.ts'

type Asking = Partial<Pick<Values, EntryOption | 'rules'>>

/** What is asked for at the provider: what settings say, or else what its file does, with what it wants for groups where somebody asks for those. */
export function scopesOf (settings: Pick<ProviderConfig, 'provider' | 'emptyScopes' | 'oauthScope' | 'entry'>, config: Asking): readonly string[] {
  const { emptyScopes, oauthScope, provider: { scopes, groupScopes = [] }, entry = {} } = settings
  if (emptyScopes) return []
  return oauthScope ?? [...scopes, ...asksForGroups(config) || asksForGroups(entry) ? groupScopes : []]
}

function asksForGroups ({ allowedGroups, teamIds, allowedOrganizations, rules = [] }: Asking): boolean {
  return [allowedGroups, teamIds, allowedOrganizations].some(names => names !== undefined) || rules.some(({ allow }) => typeof allow === 'object' && allow.groups !== undefined)
}
