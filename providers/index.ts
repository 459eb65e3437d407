import type { Provider } from '../src/provider.ts'
import auth0 from './auth0.ts'
import azure from './azure.ts'
import azurev1 from './azurev1.ts'
import bitbucket from './bitbucket.ts'
import centrify from './centrify.ts'
import code from './code.ts'
import generic from './generic.ts'
import gitea from './gitea.ts'
import github from './github.ts'
import gitlab from './gitlab.ts'
import google from './google.ts'
import keycloak from './keycloak.ts'
import oidc from './oidc.ts'
import okta from './okta.ts'
import onelogin from './onelogin.ts'
import password from './password.ts'

/** Every provider there is, in the order the documentation lists them. A new one is its file and its line here. */
export const providers: readonly Provider[] = Object.freeze([
  auth0, azure, azurev1, bitbucket, gitea, github, gitlab, google, keycloak, okta, onelogin, centrify, oidc, generic, code, password
])

const byName = new Map(providers.flatMap(provider => [provider.name, ...provider.aliases ?? []].map(name => [name, provider])))

/** @param name as the operator wrote it: case does not matter, aliases count */
export function findProvider (name: string): Provider | undefined {
  return byName.get(name.toLowerCase())
}
