import type { Claims } from './claims.ts'

/** What a provider answered for one sign-in: the merged OpenID claims, and each resource the provider's file names. */
export type Sources<Resource extends string = string> = { readonly [Name in Resource]: Claims } & {
  /** id_token, then userinfo, then a JWT access token: each claim from the first that has it. */
  readonly claims: Claims
}

/** What a provider's file makes of its sources. Whoever calls it checks every text. */
export interface ProviderIdentity {
  /** The provider's stable id for the person: never a name, which can be renamed and taken by someone else. */
  readonly subject: string | undefined
  /** Instead of the user key. Where it is a member nothing else is taken in its place, unless a setting names another claim. */
  readonly user?: string | undefined
  /** Only an address that the provider vouches for. */
  readonly email?: string | undefined
  readonly login?: string | undefined
  readonly name?: string | undefined
  /** Absent where the provider says nothing of groups, which is not the same as none. */
  readonly groups?: readonly string[]
}

/** What a provider's file says: data and one pure function, no fetch, no await, no environment. */
export interface ProviderFile<Resource extends string = string> {
  /** The word after `--oauth-provider=`, lower case. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** What a person reads on the button. */
  readonly label: string
  /** Where the person types their password: on the provider's page (`code`, RFC 6749 §4.1), or on a form of ours (§4.3). */
  readonly flow?: 'code' | 'password'
  readonly scopes: readonly string[]
  /** Settings without which the provider cannot work, as keys of the option table; of keys separated by `|` any one suffices. */
  readonly requires?: readonly string[]
  /** Whether the client secret is `sent`: `only-if-asked` sends one only where `auth-style` asks for it. */
  readonly secret?: 'sent' | 'only-if-asked'
  /** The claim that becomes `user`, `email` unless said; a setting may name another. `email` means the mapped address. */
  readonly userKey?: string
  /** Endpoints that are the same for everyone. Settings and discovery override them. */
  readonly endpoints?: { readonly authorize?: string, readonly token?: string }
  /**
   * JSON documents to read with the access token, by the name under which `identity` finds them. The one called `user` is the
   * userinfo: settings and discovery may name another address for it, and `claims` has what it says.
   */
  readonly resources?: Readonly<Record<Resource, string>>
  /** Told at start, where the choice of this provider is itself a thing to know. */
  readonly notice?: string
  /** A method to the compiler, so that a file which names its resources is a provider like any other. */
  identity (sources: Sources<Resource>): ProviderIdentity
}

/** A provider as the gate knows it: with everything its file may leave out. */
export type Provider = ProviderFile & Required<Pick<ProviderFile, 'flow' | 'requires' | 'secret' | 'userKey'>>

/** Checks the shape at compile time; a plugin uses the same door as our own files. */
export function defineProvider<Resource extends string = never> (file: ProviderFile<Resource>): Provider {
  return Object.freeze({ flow: 'code', requires: [], secret: 'sent', userKey: 'email', ...file })
}
