import type { ParameterValues, Provider, ProviderEndpoints, Resource } from './provider.ts'

/** Where a provider of these parameters is, before settings and discovery have their say. */
export function placesOf (provider: Pick<Provider, 'endpoints' | 'resources'>, parameters: ParameterValues, scopes: readonly string[]): { readonly endpoints: ProviderEndpoints, readonly resources: Readonly<Record<string, Resource>> } {
  const { endpoints = {}, resources = {} } = provider
  const named = Object.entries(typeof resources === 'function' ? resources(parameters, scopes) : resources)
  return {
    endpoints: typeof endpoints === 'function' ? endpoints(parameters) : endpoints,
    resources: Object.fromEntries(named.map(([name, resource]) => [name, typeof resource === 'string' ? { url: resource } : resource]))
  }
}

/** Whether a resource is read at all, with what is asked for at the provider. */
export function isOpenedBy (scopes: readonly string[], resource: Resource): boolean {
  return resource.scopes === undefined || resource.scopes.some(scope => scopes.includes(scope))
}
