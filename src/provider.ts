import type { Claims } from './claims.ts'

/** What a provider answered for one sign-in: the merged OpenID claims, and each resource the provider's file names. */
export type Sources = Readonly<Record<string, Claims>> & {
  /** id_token, then userinfo, then a JWT access token: each claim from the first that has it. */
  readonly claims: Claims
}

/** What a provider's file makes of its sources. Whoever calls it fills in `user` from the user key and checks the rest. */
export interface ProviderIdentity {
  /** The provider's stable id for the person: never a name, which can be renamed and taken by someone else. */
  readonly subject: string | undefined
  /** Only an address that the provider vouches for. */
  readonly email?: string | undefined
  readonly login?: string | undefined
  readonly name?: string | undefined
  readonly groups?: readonly string[]
}

/** A provider is data and one pure function: no fetch, no await, no environment. */
export interface Provider {
  /** The word after `--oauth-provider=`, lower case. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** What a person reads on the button. */
  readonly label: string
  /** Where the person types their password: on the provider's page (RFC 6749 §4.1), or on a form of ours (§4.3). */
  readonly flow: 'code' | 'password'
  readonly scopes: readonly string[]
  /** Settings without which the provider cannot work, as keys of the option table; of keys separated by `|` any one suffices. */
  readonly requires: readonly string[]
  /** Whether the client secret is sent: `only-if-asked` sends one only where `auth-style` asks for it. */
  readonly secret: 'sent' | 'only-if-asked'
  /** The claim that becomes `user`, unless a setting says otherwise. `email` means the mapped address. */
  readonly userKey: string
  /** Endpoints that are the same for everyone. Settings and discovery override them. */
  readonly endpoints?: { readonly authorize?: string, readonly token?: string, readonly user?: string }
  /** JSON documents to read with the access token, by the name under which `identity` finds them. */
  readonly resources?: Readonly<Record<string, string>>
  /** Told at start, where the choice of this provider is itself a thing to know. */
  readonly notice?: string
  readonly identity: (sources: Sources) => ProviderIdentity
}

/** Checks the shape at compile time; a plugin uses the same door as our own files. */
export function defineProvider (provider: Provider): Provider {
  return Object.freeze(provider)
}
