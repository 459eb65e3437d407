import type { ParameterValues, Provider, Resource } from '../provider.ts'
import { findDoubt } from './email.ts'
import { identify } from './identify.ts'
import type { Identity } from './identity.ts'
import { applyMapping, mapsEmail, namesGroups, type Mapping } from './mapping.ts'
import { documentsOf, type MoreDocuments, type Said } from './sources.ts'
import { Trace } from './trace.ts'

/** The settings of one provider that say who its people are, by their names there. */
export interface IdentifierSettings extends Mapping {
  readonly id: string
  readonly provider: Provider
  readonly parameters: ParameterValues
  readonly userPrefix?: string
  readonly allowedTenants?: readonly string[] | undefined
  readonly oauthJwtUser: string | undefined
  readonly userKey: string | undefined
  /** Grafana's `api_url`: its lists of addresses, teams and organizations are below it. */
  readonly oauthUserUrl: string | undefined
  readonly teamsUrl?: string | undefined
}

/** What holds for everybody, whoever signs them in. */
export interface IdentifierNeeds {
  readonly allowUnverifiedEmail: boolean
  /** Whether who may enter goes by teams, and by organizations: only then they are asked for. */
  readonly teams: boolean
  readonly organizations: boolean
}

/** Who the people of one provider are: the same functions for a sign-in and for `explain`. */
export interface Identifier {
  /** What has to be read beside, since the documents so far do not say enough; by the name under which `more` takes it. */
  wants (said: Said): Readonly<Partial<Record<keyof MoreDocuments, Resource>>>
  /** @throws what `identify` throws; the trace then has the steps so far */
  identify (said: Said, trace?: Trace, before?: Identity): Identity
  /** Whether the provider said anything of groups; an empty list is something. */
  namesGroups (said: Said): boolean
}

export function createIdentifier (settings: IdentifierSettings, needs: IdentifierNeeds): Identifier {
  const { id, provider, parameters, userPrefix, oauthUserUrl, teamsUrl, groupsAttributePath } = settings
  const context = { parameters, allowedTenants: (settings.allowedTenants ?? []).map(tenant => tenant.toLowerCase()) }
  const { allowUnverifiedEmail } = needs
  const mapping = teamsUrl === undefined ? { ...settings, teamIdsAttributePath: undefined } : settings // it is about the answer there
  const options = { ...context, mapping, userPrefix, providerName: id, userKey: settings.oauthJwtUser ?? settings.userKey, allowUnverifiedEmail }
  const below = (path: string): Resource | undefined => oauthUserUrl === undefined ? undefined : { url: joined(oauthUserUrl, path), optional: true }

  /** The address as far as the documents have it. */
  function knowsEmail (all: Said): boolean {
    const { sources } = all
    const documents = documentsOf(all)
    const said = provider.identity(sources, context)
    const doubted = findDoubt(documents, settings.grafanaCompat === true) !== undefined
    const search: Mapping = { emailAttributePath: settings.emailAttributePath, emailAttributeName: settings.emailAttributeName, grafanaCompat: settings.grafanaCompat === true }
    return (doubted && !allowUnverifiedEmail) || applyMapping(search, { said, documents, more: {}, own: claims => provider.identity({ ...sources, claims }, context), allowUnverifiedEmail, trace: new Trace() }).email !== undefined
  }

  return {
    wants (said) {
      const file = provider.identity(said.sources, context)
      const emails = mapsEmail(settings) && !knowsEmail(said) ? below('/emails') : undefined
      const teams = teamsUrl !== undefined ? { url: teamsUrl, optional: true } : needs.teams && file.teams === undefined ? below('/teams') : undefined
      const organizations = needs.organizations && file.organizations === undefined ? below('/orgs') : undefined
      return { ...emails && { emails }, ...teams && { teams }, ...organizations && { organizations } }
    },
    identify: (said, trace, before) => identify(provider, said, options, trace, before),
    namesGroups: said => groupsAttributePath === undefined ? provider.identity(said.sources, context).groups !== undefined : namesGroups(groupsAttributePath, documentsOf(said))
  }
}

/** Behind the path: a query there is not for this address. */
function joined (address: string, path: string): string {
  const url = new URL(address)
  url.pathname = url.pathname.replace(/\/+$/, '') + path
  url.search = ''
  return url.href
}
