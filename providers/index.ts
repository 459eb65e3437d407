import type { Provider } from '../src/provider.ts'
import code from './code.ts'
import generic from './generic.ts'
import oidc from './oidc.ts'
import password from './password.ts'

/** Every provider there is, in the order the documentation lists them. A new one is its file and its line here. */
export const providers: readonly Provider[] = Object.freeze([oidc, generic, code, password])

const byName = new Map(providers.flatMap(provider => [provider.name, ...provider.aliases ?? []].map(name => [name, provider])))

/** @param name as the operator wrote it: case does not matter, aliases count */
export function findProvider (name: string): Provider | undefined {
  return byName.get(name.toLowerCase())
}
