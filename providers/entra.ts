import type { IdentityContext, Parameter, ParameterValues, ProviderIdentity, Sources } from '../src/provider.ts'

export const tenantParameter: Parameter = {
  kind: 'text', default: 'common', field: 'Directory (tenant) ID', aliases: ['tenant_id'], environment: ['AAD_TENANT_ID'], example: '00000000-0000-0000-0000-000000000000',
  doc: 'The tenant’s id or domain; common, organizations and consumers let in accounts of others.'
}

/** More groups than a token holds: Graph has them, at its own address and not where `_claim_sources` of a token points. */
export const memberships = {
  url: 'https://graph.microsoft.com/v1.0/me/transitiveMemberOf?$select=id&$top=999',
  next: { member: '@odata.nextLink' }, items: 'value', optional: true,
  when: (claims: Sources['claims']) => claims.is('hasgroups') || claims.at('_claim_names').has('groups')
} as const

/** The tenant of all personal accounts, which `consumers` and Microsoft’s own mail domains stand for. */
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'

export function hasManyTenants ({ tenant = '' }: ParameterValues): boolean {
  return ['common', 'organizations', 'consumers', personal].includes(tenant.toLowerCase())
}

/** A tenant's id is part of its issuer; a domain stands for an id that only the token tells. */
export function tenantId ({ tenant = '' }: ParameterValues): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant) ? tenant.toLowerCase() : '{tid}'
}

/** Groups count where the tenant is one we chose, and so do addresses, or where it owns the domain (`xms_edov`): any other writes what it likes. */
export function entraIdentity ({ claims, groups }: Sources<'groups'>, { parameters, allowedTenants }: IdentityContext): ProviderIdentity {
  const tenant = claims.text('tid')?.toLowerCase()
  const isOurs = tenant !== undefined && (allowedTenants.includes(tenant) || (!hasManyTenants(parameters) && tenant !== personal))
  const email = isOurs || claims.is('xms_edov') || claims.text('xms_edov') === '1' ? claims.text('email') : undefined
  const name = ['unique_name', 'preferred_username', 'upn'].map(key => claims.text(key)).find(Boolean)
  const id = claims.text('oid') ?? claims.text('sub')
  const listed = groups.list().filter(member => (member.text('@odata.type') ?? '').endsWith('.group')).flatMap(member => member.text('id') ?? [])
  return {
    tenant, subject: tenant === undefined || id === undefined ? undefined : `${tenant}:${id}`,
    user: name ?? email, login: name, email, name: claims.text('name'),
    groups: isOurs && (claims.has('groups') || listed.length > 0) ? [...new Set([...claims.texts('groups'), ...listed])] : undefined
  }
}
