import type { Claims } from './claims.ts'

/** What a provider answered for one sign-in: the merged OpenID claims, and each resource the provider's file names. */
export type Sources<Resource extends string = string> = { readonly [Name in Resource]: Claims } & {
  /** id_token, then userinfo, then a JWT access token: each claim from the first that has it. */
  readonly claims: Claims
}

/** The values of a provider's own parameters by name, checked: what has no value and no default is absent. */
export type ParameterValues = Readonly<Record<string, string>>

/** What of the settings `identity` may know; `allowedTenants` is empty where nobody set any. */
export interface IdentityContext {
  readonly parameters: ParameterValues
  readonly allowedTenants: readonly string[]
}

/** What a provider's file makes of its sources. Whoever calls it checks every text. */
export interface ProviderIdentity {
  /** The provider's stable id for the person: never a name, which can be renamed and taken by someone else. */
  readonly subject: string | undefined
  /** Instead of the user key, in a file that says `namesUser`. Nothing else is taken in its place, unless a setting names another claim. */
  readonly user?: string | undefined
  /** Only an address that the provider vouches for. */
  readonly email?: string | undefined
  readonly login?: string | undefined
  readonly name?: string | undefined
  /** Absent where the provider says nothing of groups, which is not the same as none. */
  readonly groups?: readonly string[] | undefined
  readonly teams?: readonly string[]
  readonly organizations?: readonly string[]
  /** The customer of the provider whose account this is: `allowed-tenants` is about it. */
  readonly tenant?: string | undefined
  /** Why this account is not one of those the provider's parameters ask for: plain words for the visitor. */
  readonly refused?: string | undefined
}

/** One of the provider's own parameters, as `--oauth-extra-params` gives them. */
export interface Parameter {
  /** One sentence for the documentation. */
  readonly doc: string
  /** `origin` is a host, or an https address with or without a path, and is handed on as `https://host/path`. `text` fits one segment of a path or a host name. */
  readonly kind: 'text' | 'origin'
  readonly default?: string
  /** Other names it may be given by. */
  readonly aliases?: readonly string[]
  /** Environment variables that beat what the extra params say. */
  readonly environment?: readonly string[]
  /** An empty value means something, and is refused unless it does: usually a variable was empty that should not have been. */
  readonly mayBeEmpty?: boolean
  /** Also goes with the authorization request, by its own name. */
  readonly sent?: boolean
  /** What the provider's own pages call it. */
  readonly field?: string
  /** What a value looks like, for error messages and documentation. */
  readonly example: string
}

/** Endpoints that the file itself knows; `logout` as RP-Initiated Logout §2, `revocation` as RFC 7009 has it: absent where one token would take all others of its person along. Settings and discovery override them. */
export interface ProviderEndpoints {
  /** Without `jwks` it is asked for its discovery document. `{tid}` in it stands for that claim of the id_token (Entra's many tenants). */
  readonly issuer?: string
  readonly authorize?: string
  readonly token?: string
  readonly jwks?: string
  readonly logout?: string
  readonly revocation?: string
}

/** A JSON document to read with the access token. */
export interface Resource {
  readonly url: string
  /** A list over several pages: where the next page's address stands, which is the `Link` header (RFC 8288) or a member of the document. */
  readonly next?: 'link' | { readonly member: string }
  /** The member that holds the list; the document itself is the list unless said. */
  readonly items?: string
  /** Read only where one of these scopes is asked for: without it the provider would refuse, or answer with less. */
  readonly scopes?: readonly string[]
  /** Read only where the claims so far ask for it. */
  readonly when?: (claims: Claims) => boolean
  /** A refusal (401, 403, 404) leaves the document empty and is logged; it does not end the sign-in. */
  readonly optional?: boolean
}

/** What the documentation and `oauth-gate providers` say about registering. */
export interface Guide {
  /** Whose accounts these are, in one line of a list. */
  readonly summary?: string
  /** The address of the page where an app is registered, where it is the same for everybody. */
  readonly page?: string
  /** Where in the provider's pages an app is registered. */
  readonly register: string
  /** What the provider calls the client id, the client secret, and the field for the redirect URI, where that is something else. */
  readonly key?: string
  readonly secret?: string
  readonly redirectUri?: string
  /** And those for the address that it tells of sign-outs (OpenID Connect Back-Channel Logout §2.2), where it tells anybody, and for where people come back to. */
  readonly backchannel?: string
  readonly afterSignOut?: string
  /** What people trip over, one sentence each. */
  readonly traps?: readonly string[]
}

/** What a provider's file says: data and one pure function, no fetch, no await, no environment. */
export interface ProviderFile<Name extends string = string> {
  /** The word after `--oauth-provider=`, lower case. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** What a person reads on the button. */
  readonly label: string
  /** Where the person types their password: on the provider's page (`code`, RFC 6749 §4.1), or on a form of ours (§4.3). */
  readonly flow?: 'code' | 'password'
  readonly scopes: readonly string[]
  /** What it takes for a refresh token to come, beside the usual; nothing unless said. */
  readonly refresh?: RefreshNeeds
  /** Asked for as well where a setting speaks of groups. */
  readonly groupScopes?: readonly string[]
  readonly parameters?: Readonly<Record<string, Parameter>>
  /** Without which the provider cannot work: parameters, and settings as keys of the option table; of names separated by `|` any one suffices. */
  readonly requires?: readonly string[]
  /** Whether the client secret is `sent`: `only-if-asked` sends one only where `auth-style` asks for it. */
  readonly secret?: 'sent' | 'only-if-asked'
  /** How the secret is sent where discovery does not say: in the body (`params`) unless said. */
  readonly authStyle?: 'params' | 'header'
  /** Whether the provider takes PKCE (RFC 7636) and a nonce. Both are sent unless it is known to refuse them. */
  readonly pkce?: boolean
  readonly nonce?: boolean
  /** The claim that becomes `user`, `email` unless said; a setting may name another. `email` means the mapped address. */
  readonly userKey?: string
  /** `identity` itself says who the user is, by a name and not by the address. */
  readonly namesUser?: boolean
  readonly endpoints?: ProviderEndpoints | ((parameters: ParameterValues) => ProviderEndpoints)
  /**
   * JSON documents to read with the access token, by the name under which `identity` finds them. The one called `user` is the
   * userinfo: settings and discovery may name another address for it, and `claims` has what it says.
   */
  readonly resources?: Resources<Name> | ((parameters: ParameterValues, scopes: readonly string[]) => Resources<Name>)
  /** The `Accept` header for resources: `application/json` unless said. */
  readonly accept?: string
  /** The word before the access token: `Bearer` (RFC 6750 §2.1) unless said. */
  readonly tokenScheme?: 'Bearer' | 'token'
  /** Accounts of many customers come through one door unless the parameters say otherwise: `email` rules then need `allowed-tenants`. */
  readonly manyTenants?: (parameters: ParameterValues) => boolean
  /** Told at start, where the choice of this provider is itself a thing to know. */
  readonly notice?: string
  /** Extra params that this provider's users nearly always need, with what happens without: told at start when absent. */
  readonly advised?: Readonly<Record<string, string>>
  /** Where RP-Initiated Logout §2 leaves it open: without `id_token_hint` nobody is signed out (`always`) or comes back (`to-return`); `logout_hint` is no `sid`. And tokens are taken back by a DELETE, with the access token in JSON and `{client_id}` in the address. */
  readonly signOut?: { readonly idToken?: 'always' | 'to-return', readonly sidHint?: false, readonly revokes?: 'by-delete' }
  readonly guide?: Guide
  /** A method to the compiler, so that a file which names its resources is a provider like any other. */
  identity (sources: Sources<Name>, context: IdentityContext): ProviderIdentity
}

/** What a provider wants to hear before it gives a refresh token. */
export interface RefreshNeeds {
  /** Asked for as well, unless the operator says which scopes to ask for. */
  readonly scopes?: readonly string[]
  /** Sent with the authorization request; what the operator says in extra params comes before it. */
  readonly params?: Readonly<Record<string, string>>
  /** Told at start, where tokens are to be renewed. */
  readonly remark?: string
}

/** What is not OAuth: pages of its own, below the gate's, that find out who somebody is. They are mounted once, when the gate is made. */
export interface HandlerFile<Handler = AnyHandler> extends Pick<ProviderFile, 'name' | 'aliases' | 'label' | 'parameters' | 'requires' | 'notice'> {
  readonly guide?: Pick<Guide, 'summary' | 'page' | 'register' | 'traps'>
  readonly handler: Handler
}

/** What it takes is known where it is mounted, in routes/handler.ts: nothing here knows a web server. */
export type AnyHandler = (app: never, context: never) => Promise<void> | void
export type Resources<Name extends string = string> = Readonly<Record<Name, string | Resource>>

/** A provider as the gate knows it: with everything its file may leave out. */
export type Provider = Omit<ProviderFile, 'flow'> & Required<Pick<ProviderFile, 'requires' | 'secret' | 'userKey' | 'parameters'>> & { readonly flow: 'code' | 'password' | 'handler' | 'basic', readonly handler?: AnyHandler }

/** Checks the shape at compile time; a plugin uses the same door as our own files. */
export function defineProvider<Name extends string = never> (file: ProviderFile<Name>): Provider {
  return Object.freeze({ flow: 'code', requires: [], secret: 'sent', userKey: 'email', parameters: {}, ...file })
}

/** A provider whose handler says who somebody is, in the gate's own words. */
export function fromHandler (file: HandlerFile): Provider {
  return Object.freeze({ requires: [], parameters: {}, ...file, flow: 'handler', scopes: [], secret: 'only-if-asked', userKey: 'email', namesUser: true, identity: inOurWords })
}

/** The gate itself, where it knows people's passwords. */
export function fromForm (file: Pick<Provider, 'name' | 'label'>): Provider {
  return Object.freeze({ requires: [], parameters: {}, ...file, flow: 'basic', scopes: [], secret: 'only-if-asked', userKey: 'login', namesUser: true, identity: inOurWords })
}

function inOurWords ({ claims }: Sources): ProviderIdentity {
  const listed = (name: 'groups' | 'teams' | 'organizations') => claims.has(name) ? { [name]: claims.texts(name) } : {}
  return {
    subject: claims.text('subject'), user: claims.text('user') ?? claims.text('email'), email: claims.text('email'), login: claims.text('login'), name: claims.text('name'),
    ...listed('groups'), ...listed('teams'), ...listed('organizations')
  }
}
