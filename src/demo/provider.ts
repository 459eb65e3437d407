import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type Provider from 'oidc-provider'
import type * as Library from 'oidc-provider'
import type { AdapterPayload, JWK } from 'oidc-provider'
import { outside as realOutside } from '../outside.ts'
import type { Outside } from '../outside.ts'
import { interactions } from './interactions.ts'
import { DemoRefused, listenOnLoopback } from './loopback.ts'
import { createMemory } from './memory.ts'
import { addPasswordGrant } from './password-grant.ts'
import { people as fourPeople } from './people.ts'
import type { Person } from './people.ts'
import { providerSettings } from './provider-settings.ts'

export interface DemoClient {
  readonly id: string
  /** Without one the client is public and PKCE is required of it (RFC 7636). */
  readonly secret?: string
  /** Compared byte for byte (RFC 9700 §2.1). May be set later, once a port is known. */
  readonly redirectUris: readonly string[]
  readonly grants?: readonly ('authorization_code' | 'password')[]
  readonly postLogoutRedirectUris?: readonly string[]
  /** Told when somebody signs out here (OpenID Connect Back-Channel Logout §2.2). */
  readonly backchannelLogoutUri?: string
}

export interface DemoProviderOptions {
  readonly clients: readonly DemoClient[]
  readonly port?: number
  /** A loopback address; the issuer is named by it. `localhost` makes a provider that is another site than 127.0.0.1. */
  readonly address?: string
  readonly people?: readonly Person[]
  /** `false`: a plain OAuth 2.0 provider, whose token answers hold no id_token. */
  readonly issueIdToken?: boolean
  /** `false`: asks who you are at every sign-in, where `true` keeps you signed in at the provider. */
  readonly remembers?: boolean
  /** Told one sentence for each failure of the provider itself. */
  readonly log?: (sentence: string) => void
  readonly outside?: Outside
  /** Seconds until an access token ends; an hour unless given. */
  readonly accessTokenLife?: number
  /** A refresh token with every sign-in, where otherwise `offline_access` and `prompt=consent` bring one; each is good for once. */
  readonly refreshTokens?: boolean
  /** `false`: a refresh token is good for as often as it is sent, as most providers have it. */
  readonly rotates?: boolean
  /** How it is called where it is reached by another way than its own port. */
  readonly issuer?: string
  /** How many codes, tokens, sessions and grants it remembers; the oldest make room. */
  readonly capacity?: number
  /** Private; of the provider's own making unless given. */
  readonly signingKey?: JWK
}

export interface DemoProvider {
  readonly issuer: string
  readonly endpoints: { readonly authorize: string, readonly token: string, readonly userinfo: string }
  /** What arrived, oldest first, at most the last thousand. */
  readonly requests: readonly { readonly method: string, readonly path: string }[]
  setRedirectUris (clientId: string, redirectUris: readonly string[]): void
  setSignOut (clientId: string, where: Pick<DemoClient, 'postLogoutRedirectUris' | 'backchannelLogoutUri'>): void
  close (): Promise<void>
}

/**
 * Starts a whole OpenID provider for the demo and the tests: authorization code with PKCE, RS256 id_tokens,
 * sign-out (OpenID Connect RP-Initiated and Back-Channel Logout), revocation, password grant. It signs in anybody as anybody.
 *
 * @throws {DemoRefused} the address is not loopback, the port is taken, or `oidc-provider` is not installed
 */
export async function startProvider (options: DemoProviderOptions): Promise<DemoProvider> {
  const { people = fourPeople, address = '127.0.0.1', remembers = true, outside = realOutside, accessTokenLife, refreshTokens, rotates, capacity, signingKey } = options
  const library = await loadLibrary()
  const clients = new Map(options.clients.map(client => [client.id, metadata(client)]))
  const requests: { method: string, path: string }[] = []
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, options.port ?? 0, address)
  const issuer = options.issuer ?? `http://${address.includes(':') ? `[${address}]` : address}:${port}`
  const provider = new library.Provider(issuer, await providerSettings(library, { people, adapter: createMemory(clients, outside, capacity), remembers, outside, accessTokenLife, refreshTokens, rotates, signingKey }))
  equip(provider, library, { ...options, people })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    record(requests, request)
    void answer(request, response)
  })
  return {
    issuer,
    endpoints: { authorize: `${issuer}/auth`, token: `${issuer}/token`, userinfo: `${issuer}/me` },
    requests,
    setRedirectUris (id, redirectUris) { clients.set(id, { ...clients.get(id), redirect_uris: [...redirectUris] }) },
    setSignOut (id, where) { clients.set(id, { ...clients.get(id), ...signOutMetadata(where) }) },
    close
  }
}

function equip (provider: Provider, library: typeof Library, { people, issueIdToken = true, log }: DemoProviderOptions & { people: readonly Person[] }): void {
  provider.silent = true
  provider.on('server_error', (_ctx, error) => { log?.(`the provider failed: ${error.message}`) })
  provider.on('backchannel.error', (_ctx, error) => { log?.(`nobody could be told of a sign-out: ${error.message}`) })
  addPasswordGrant(provider, library, people)
  provider.use(interactions(provider, people))
  if (issueIdToken) return
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path === '/token' && isObject(ctx.body)) delete ctx.body['id_token']
  })
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function metadata ({ id, secret, redirectUris, grants = ['authorization_code'], ...signOut }: DemoClient): AdapterPayload {
  const byCode = grants.includes('authorization_code')
  return {
    client_id: id,
    ...secret !== undefined && { client_secret: secret },
    token_endpoint_auth_method: secret === undefined ? 'none' : 'client_secret_post',
    redirect_uris: [...redirectUris],
    response_types: byCode ? ['code'] : [],
    grant_types: byCode ? [...grants, 'refresh_token'] : [...grants],
    ...signOutMetadata(signOut)
  }
}

function signOutMetadata ({ postLogoutRedirectUris = [], backchannelLogoutUri }: Pick<DemoClient, 'postLogoutRedirectUris' | 'backchannelLogoutUri'>): AdapterPayload {
  return {
    post_logout_redirect_uris: [...postLogoutRedirectUris],
    ...backchannelLogoutUri !== undefined && { backchannel_logout_uri: backchannelLogoutUri, backchannel_logout_session_required: true }
  }
}

function record (requests: { method: string, path: string }[], { method = '', url = '' }: IncomingMessage): void {
  requests.push({ method, path: url.split('?', 1)[0] ?? '' }) // a query may hold a code or a token
  if (requests.length > 1000) requests.shift()
}

let library: Promise<typeof Library> | undefined

/** Once for the process: loading tells the console about the version of Node, which is not news to whoever runs a demo. */
function loadLibrary (): Promise<typeof Library> {
  library ??= loadQuietly()
  return library
}

async function loadQuietly (): Promise<typeof Library> {
  const warn = console.warn
  console.warn = (...words: unknown[]) => { if (!String(words[0]).includes('oidc-provider')) warn(...words) }
  try {
    return await import('oidc-provider')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new DemoRefused('The demo needs the package oidc-provider, which is not installed: npm install oidc-provider. The image leaves it out, since nobody outside the container could reach a demo: outside of it, run npx oauth-gate demo.', { cause })
  } finally {
    console.warn = warn
  }
}
