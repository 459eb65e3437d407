import type { Identifier } from '../identity/identifier.ts'
import type { Said } from '../identity/sources.ts'
import type { OAuthClient, SignIn } from '../oauth/client.ts'
import type { People } from '../passwords/people.ts'
import type { AnyHandler, ParameterValues, Provider } from '../provider.ts'

/** One provider, ready to sign people in. */
export interface ActiveProvider {
  /** The name under which sessions, headers and rules know it. */
  readonly id: string
  readonly label: string
  /** The picture on the button. */
  readonly icon?: string | undefined
  readonly flow: Provider['flow']
  readonly client: OAuthClient
  /** In place of the client, where this is not OAuth. */
  readonly handler?: { readonly run: AnyHandler, readonly parameters: ParameterValues, readonly key: string | undefined, readonly secret: string | undefined }
  /** Asks for what settings want to know beside. @throws see oauth/resources.ts */
  readonly learn: (signIn: SignIn) => Promise<SignIn>
  /** Where people type their password into our form, from a network that has its turn beside others. @throws {PasswordRefused} and what `signIn` and `learn` throw */
  readonly askPassword?: (name: string, password: string, from: { readonly redirectUri: string, readonly network: string }) => Promise<Confirmed>
  /** Where the gate itself knows them. */
  readonly people?: People
  readonly identify: Identifier['identify']
  readonly namesGroups: Identifier['namesGroups']
}

/** What was said of somebody whose sign-in succeeded. */
export interface Confirmed extends Said, Partial<Pick<SignIn, 'tokens'>> {
  /** Of the entry that let them in, among people whom the gate itself knows. */
  readonly mark?: string
}

/** Everyone who signs people in, in the order of the settings. */
export interface Providers {
  readonly all: readonly ActiveProvider[]
  /** Where there is nothing to choose. */
  readonly only: ActiveProvider | undefined
  find (id: unknown): ActiveProvider | undefined
}

export function createProviders (all: readonly ActiveProvider[]): Providers {
  return { all, only: all.length === 1 ? all[0] : undefined, find: id => all.find(provider => provider.id === id) }
}
