import { Claims } from '../claims.ts'
import { IdTokenInvalid, LogoutTokenInvalid, ProviderAnswerInvalid, ProviderRefused } from '../errors.ts'
import type { Said } from '../identity/sources.ts'
import { isOpenedBy, placesOf } from '../provider-places.ts'
import type { Provider, Resource } from '../provider.ts'
import { buildAuthorizeUrl, scopesToAsk, takesPkce, understood, type AuthorizeOptions, type LoginAttempt } from './authorize.ts'
import { isOfIssuer, readCallback } from './callback.ts'
import { chooseClientAuth, type AuthStyle } from './client-auth.ts'
import { discreetly } from './discreetly.ts'
import { createEndpoints, knownIssuer, need, type Endpoints, type EndpointsOptions } from './endpoints.ts'
import { endOf, markOf, verifyIdToken } from './id-token.ts'
import { createKeySource, type KeySet } from './keys.ts'
import { sidOf, verifyLogoutToken, type Claimed, type Logout } from './logout-token.ts'
import { listDocuments, mergeClaims, putTogether } from './merge-claims.ts'
import { buildLogoutUrl, deleteToken, revokeToken, type LogoutRequest } from './sign-out.ts'
import { redeem, secretOf } from './redeem.ts'
import type { TokenRequest, Tokens } from './token.ts'
import { readPages, readResource, type ResourceRequest } from './resources.ts'
import { readUserInfo } from './userinfo.ts'

export interface OAuthClientOptions extends EndpointsOptions, AuthorizeOptions {
  readonly provider: Provider
  readonly clientSecret?: string | undefined
  readonly authStyle: AuthStyle
  /** The field of the token response with the id_token, where it is not `id_token`. */
  readonly idTokenName?: string | undefined
}

/** A sign-in that the provider confirmed: what it said about the person, not yet an identity, and the tokens. */
export interface SignIn extends Said {
  readonly tokens: Tokens
}

export interface OAuthClient {
  /** Where to send the browser. @throws {ProviderUnreachable} {ProviderAnswerInvalid} discovery has never succeeded */
  authorizeUrl (attempt: LoginAttempt, options?: { readonly prompt?: string }): Promise<string>
  /** Whether an answer with this `iss` (RFC 9207) is this provider's: no where its issuer is not known. */
  isIssuer (iss: string): boolean
  /** The code of a callback whose state is this login's; see callback.ts for what is thrown. */
  readCallback (query: URLSearchParams): Promise<string>
  /** Sends the code, once. @throws see token.ts, id-token.ts and userinfo.ts */
  signIn (code: string, attempt: Pick<LoginAttempt, 'nonce' | 'codeVerifier' | 'redirectUri'>): Promise<SignIn>
  /** RFC 6749 §4.3. @throws {PasswordRefused} and what `signIn` throws */
  signInWithPassword (username: string, password: string, redirectUri?: string): Promise<SignIn>
  /** RFC 6749 §6. The token that is given is often spent by this, so nothing is sent twice. @throws {GrantRefused} it is over, and what token.ts throws */
  refresh (refreshToken: string): Promise<Tokens>
  /** What the provider says now, by the tokens of a refresh; nothing where it sent no id_token again and has no userinfo. @param mark of the id_token at sign-in, where there was one. @throws {IdTokenInvalid} also for one of somebody else */
  readAgain (tokens: Tokens, mark: string | undefined): Promise<SignIn | undefined>
  /** All pages of one more document, with the token of a sign-in: none where a resource that is optional was refused. @throws see resources.ts */
  readMore (resource: Resource, tokens: Tokens): Promise<readonly Claims[]>
  /** Where people sign out of the provider too; undefined where no such place is known, or it would sign nobody out by this request. @param request without it the place alone. @throws as `authorizeUrl` */
  logoutUrl (request?: LogoutRequest): Promise<string | undefined>
  /** RFC 7009, where the provider does that. @throws see sign-out.ts */
  revoke (token: string, kind: 'access_token' | 'refresh_token'): Promise<void>
  /** Whether a logout token says that it is of this provider, and for this client. Nothing of it is verified. */
  isFor (parties: Claimed): boolean
  /** Verifies a logout token. @throws see logout-token.ts */
  readLogout (token: string): Promise<Logout>
  /** Reads the discovery document unless it is there. @throws {ProviderUnreachable} {ProviderAnswerInvalid} */
  warm (): Promise<void>
}

/** One provider, as one client of it. Asks nobody anything until somebody signs in, or `warm` is called. */
export function createOAuthClient (options: OAuthClientOptions): OAuthClient {
  const findEndpoints = createEndpoints(options)
  const findKeys = createKeySource(options)
  const issuer = knownIssuer(options)

  async function signIn (grant: TokenRequest['grant'], parameters: Record<string, string>, nonce: string | undefined): Promise<SignIn> {
    const tokens = await redeem(options, await findEndpoints(), grant, parameters)
    return await discreetly([nonce, ...secretOf(parameters)], async () => await read(tokens, { grant, nonce }))
  }

  async function read (tokens: Tokens, proof: Proof): Promise<SignIn> {
    return await discreetly([options.clientSecret, tokens.accessToken, tokens.refreshToken, tokens.idToken], async () => await readAll(tokens, proof))
  }

  async function readAll (tokens: Tokens, proof: Proof): Promise<SignIn> {
    const endpoints = await findEndpoints()
    const idToken = await readIdToken(options, endpoints, findKeys, tokens, proof)
    const exp = idToken?.raw('exp')
    const sid = sidOf(idToken)
    const endsAt = idToken === undefined ? undefined : endOf(idToken)
    return {
      ...await readSources(options, endpoints, tokens, idToken),
      tokens: { ...tokens, ...idToken !== undefined && { idTokenMark: markOf(idToken), sub: idToken.text('sub') as string }, ...sid !== undefined && { sid }, ...endsAt !== undefined && { endsAt }, ...typeof exp === 'number' && { idTokenExpiresAt: exp * 1000 } }
    }
  }

  return {
    async authorizeUrl (attempt, { prompt } = {}) {
      const { authorize, prompts, offeredScopes } = await findEndpoints()
      const scopes = scopesToAsk(options, offeredScopes)
      return buildAuthorizeUrl(need(authorize, 'authorization_endpoint', '--oauth-authorize-url'), { ...options, scopes }, attempt, understood(prompt, prompts))
    },
    isIssuer: iss => issuer !== undefined && isOfIssuer(iss, issuer),
    async readCallback (query) {
      return readCallback(query, await findEndpoints())
    },
    signIn: async (code, { nonce, codeVerifier, redirectUri }) => await signIn('authorization_code', {
      code, redirect_uri: redirectUri, ...takesPkce(options) ? { code_verifier: codeVerifier } : {}
    }, nonce),
    signInWithPassword: async (username, password, redirectUri) => await signIn('password', {
      username, password, ...options.scopes.length === 0 ? {} : { scope: options.scopes.join(' ') }, ...redirectUri === undefined ? {} : { redirect_uri: redirectUri }
    }, undefined),
    refresh: async refreshToken => await redeem(options, await findEndpoints(), 'refresh_token', { refresh_token: refreshToken }),
    async readAgain (tokens, mark = '') {
      if (tokens.idToken === undefined && (await findEndpoints()).user === undefined) return undefined
      return await read(tokens, { grant: 'refresh_token', earlier: mark })
    },
    async readMore (resource, { accessToken }) {
      return await unlessRefused(resource, options, async () => (await readPages(resource.url, requestBy(options, accessToken))).map(page => new Claims(page))) ?? []
    },
    async logoutUrl (request) {
      const { logout } = await findEndpoints()
      // What the file says is of the provider's own place, and not of one that a setting names.
      return logout === undefined || request === undefined ? logout : buildLogoutUrl(logout, options.clientId, request, options.logoutUrl === undefined ? options.provider.signOut : undefined)
    },
    async revoke (token, kind) {
      const { revocation, revocationAuthMethods, authMethods } = await findEndpoints()
      if (revocation === undefined) return
      const request = { endpoint: revocation, clientId: options.clientId, token, kind, fetch: options.fetch }
      if (options.provider.signOut?.revokes !== 'by-delete') await revokeToken({ ...request, clientAuth: chooseClientAuth(options, revocationAuthMethods ?? authMethods) })
      else if (options.clientSecret !== undefined) await deleteToken({ ...request, clientSecret: options.clientSecret })
    },
    isFor: parties => issuer !== undefined && parties.issuer !== undefined && isOfIssuer(parties.issuer, issuer) && parties.audiences.includes(options.clientId),
    async readLogout (token) {
      const { issuer, jwks, algorithms } = await findEndpoints()
      if (issuer === undefined || jwks === undefined) throw new LogoutTokenInvalid('the provider’s keys are unknown, so no signature can be verified')
      return await verifyLogoutToken(token, { clientId: options.clientId, issuer, algorithms, keys: findKeys(jwks), outside: options.outside })
    },
    async warm () { await findEndpoints() }
  }
}

/** What an id_token is held to. */
interface Proof { readonly grant: TokenRequest['grant'], readonly nonce?: string | undefined, readonly earlier?: string }

/** A provider with an issuer owes an id_token to a code login that asked for `openid` (OpenID Connect Core §3.1.3.3); without it the nonce would prove nothing. */
async function readIdToken (
  { provider, clientId, scopes, outside, idTokenName }: OAuthClientOptions, { issuer, jwks, algorithms }: Endpoints, findKeys: (url: string) => KeySet,
  { idToken, accessToken, answeredAt }: Tokens, { grant, nonce, earlier }: Proof
): Promise<Claims | undefined> {
  const owed = issuer !== undefined && grant === 'authorization_code'
  if (idToken === undefined) {
    if (owed && scopes.includes('openid')) throw new IdTokenInvalid(`the provider sent no id_token${idTokenName === undefined || idTokenName === 'access_token' ? '' : ` in ${idTokenName} (--id-token-attribute-name)`}, although openid was asked for`)
    return undefined
  }
  if (issuer !== undefined && jwks === undefined) throw new IdTokenInvalid('the discovery document names no jwks_uri, so no signature can be verified')
  const keys = jwks === undefined ? undefined : findKeys(jwks)
  return await verifyIdToken(idToken, { clientId, issuer, algorithms, keys, nonce, nonceRequired: owed && provider.nonce !== false, earlier, accessToken, outside, answeredAt })
}

async function readSources (options: OAuthClientOptions, endpoints: Endpoints, tokens: Tokens, idToken: Claims | undefined): Promise<Said> {
  const request = requestBy(options, tokens.accessToken)
  const { resources } = placesOf(options.provider, options.parameters ?? {}, options.scopes)
  const named = 'user' in resources
  const userInfo = await readUser(request, endpoints, idToken, named)
  const trusted = [...idToken === undefined ? [] : [{ name: 'id_token', claims: idToken }], ...userInfo === undefined ? [] : [{ name: 'userinfo', claims: userInfo }]]
  if (trusted.length === 0) throw new ProviderAnswerInvalid('no id_token came and no user URL is known: ask for openid with --oauth-scope, or set --oauth-user-url')
  const documents = listDocuments(trusted, tokens.accessToken, tokens.accessTokenFirst)
  const claims = mergeClaims(documents)
  const read = Object.entries(endpoints.resources).map(async ([name, resource]) => [name, await readOther(resource, request, claims, options)] as const)
  return putTogether(documents, Object.keys(resources), await Promise.all(read))
}

/** What nobody asked for, and what an optional resource refuses, is an empty document. */
async function readOther (resource: Resource, request: ResourceRequest, claims: Claims, options: OAuthClientOptions): Promise<Claims> {
  if (!isOpenedBy(options.scopes, resource) || resource.when?.(claims) === false) return new Claims(undefined)
  return await unlessRefused(resource, options, async () => await readResource(resource, request)) ?? new Claims(undefined)
}

async function unlessRefused<T> (resource: Resource, { onFailure }: OAuthClientOptions, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (resource.optional !== true || !(error instanceof ProviderRefused)) throw error
    onFailure?.(error)
    return undefined
  }
}

function requestBy ({ fetch, provider: { accept, tokenScheme } }: OAuthClientOptions, accessToken: string): ResourceRequest {
  return { fetch, accessToken, accept, tokenScheme }
}

/** An id_token is enough where only discovery speaks of userinfo, and our token (one for another API, say) does not open it. */
async function readUser (request: ResourceRequest, { user, userIsDiscovered }: Endpoints, idToken: Claims | undefined, named: boolean): Promise<Claims | undefined> {
  if (user === undefined) return undefined
  try {
    return await readUserInfo({ ...request, url: user, subject: idToken?.text('sub'), subjectRequired: userIsDiscovered })
  } catch (error) {
    if (error instanceof ProviderRefused && userIsDiscovered && idToken !== undefined && !named) return undefined
    throw error
  }
}
