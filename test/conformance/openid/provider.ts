// The provider of the conformance tests: it looks over what a relying party sends, and answers as one test wants it.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { base64url, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { startServer } from '../../fixtures/server.ts'

export type Json = Readonly<Record<string, unknown>>
/** How the client says who it is at the token endpoint. */
export type ClientAuth = 'client_secret_basic' | 'client_secret_post'

/** What one test has the provider do. A member that is `undefined` is taken away. */
export interface Twist {
  /** Over the members of the discovery document. */
  readonly discovery?: (issuer: string) => Json
  /** In place of the provider's one key, in the key set. */
  readonly keys?: (own: JWK) => readonly JWK[] | Promise<readonly JWK[]>
  /** Over the claims and the header of an id_token. */
  readonly claims?: Json | ((issuer: string) => Json)
  readonly header?: Json
  /** In place of the provider's own signature; `own` is how it would have signed. */
  readonly sign?: (claims: Json, own: (claims: Json) => Promise<string>) => Promise<string>
  /** The key changes just before an id_token is signed. */
  readonly rotates?: boolean
  readonly userinfo?: Json | ((issuer: string) => Json)
  /** The userinfo as a JSON Web Token. */
  readonly signsUserinfo?: boolean
  /** Over the claims of an id_token that comes by a refresh. */
  readonly refreshed?: Json
}

export interface Asked { readonly path: string, readonly query: URLSearchParams, readonly form: URLSearchParams, readonly headers: IncomingMessage['headers'] }

export interface ConformanceProvider {
  readonly issuer: string
  readonly asked: readonly Asked[]
  /** What is wrong with the requests of the relying party, a sentence each. */
  readonly faults: readonly string[]
  readonly idTokens: readonly string[]
  /** From now on another key signs, and it alone is in the key set. */
  rotate (): Promise<void>
  /** As id_tokens are signed. */
  sign (claims: Json): Promise<string>
  at (path: string): readonly Asked[]
}

export interface ProviderOptions {
  readonly twist?: Twist
  readonly auth?: ClientAuth
  readonly redirectUri: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export const CLIENT = { id: 'relying party', secret: 'a secret/of:odd+characters' }
export const ADA = { sub: 'ada', sid: 's-1' }
const USERINFO = { sub: ADA.sub, name: 'Ada Example', preferred_username: 'ada', email: 'ada@example.com', email_verified: true }

export interface SigningKey { readonly privateKey: CryptoKey, readonly jwk: JWK }
const keys = new Map<string, Promise<SigningKey>>()

/** For all providers of a file: an RSA key takes longer to make than everything else of a test. */
export function keyCalled (kid: string, alg = 'RS256'): Promise<SigningKey> {
  const made = keys.get(kid) ?? generateKeyPair(alg, { extractable: true }).then(async ({ privateKey, publicKey }) => ({ privateKey, jwk: { ...await exportJWK(publicKey), kid, alg, use: 'sig' } }))
  keys.set(kid, made)
  return made
}

interface Grant { readonly nonce: string | null, readonly challenge: string | null, readonly redirectUri: string | null }

export async function startConformanceProvider (t: Parameters<typeof startServer>[0], { twist = {}, auth = 'client_secret_basic', redirectUri, now }: ProviderOptions): Promise<ConformanceProvider> {
  const [asked, faults, idTokens]: [Asked[], string[], string[]] = [[], [], []]
  const grants = new Map<string, Grant>()
  let [issuer, generation, signIns] = ['', 0, 0]
  const wrong = (isWrong: boolean, what: string) => { if (isWrong) faults.push(what) }

  const sign = async (claims: Json): Promise<string> => {
    const { privateKey, jwk } = await keyCalled(`key-${generation}`)
    return await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: jwk.kid as string, ...twist.header }).sign(privateKey)
  }

  function authorize ({ query }: Asked): string {
    for (const name of new Set(query.keys())) wrong(query.getAll(name).length > 1, `${name} is there twice`)
    wrong(query.get('response_type') !== 'code', 'the response_type is not code')
    wrong(query.get('client_id') !== CLIENT.id, 'another client_id')
    wrong(query.get('redirect_uri') !== redirectUri, 'a redirect_uri that is not registered')
    wrong(query.get('scope')?.split(' ').includes('openid') !== true, 'no openid among the scopes')
    wrong((query.get('state') ?? '').length < 22, 'a state of less than 128 bits')
    wrong((query.get('nonce') ?? '').length < 22, 'a nonce of less than 128 bits')
    wrong(query.get('code_challenge_method') !== 'S256' || query.get('code_challenge')?.length !== 43, 'no code_challenge by S256')
    const code = `code-${++signIns}`
    grants.set(code, { nonce: query.get('nonce'), challenge: query.get('code_challenge'), redirectUri: query.get('redirect_uri') })
    return `${redirectUri}?${new URLSearchParams({ code, state: query.get('state') ?? '' })}`
  }

  async function token ({ form, headers }: Asked): Promise<Json> {
    checkClient(form, headers.authorization)
    const isRefresh = form.get('grant_type') === 'refresh_token'
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    grants.delete(code)
    if (isRefresh) wrong(form.get('refresh_token') !== `refresh-${idTokens.length}`, 'another refresh_token than the last')
    else checkCode(form, grant)
    const seconds = Math.floor(now() / 1000)
    const own = { iss: issuer, sub: ADA.sub, aud: CLIENT.id, iat: seconds, exp: seconds + 3600, sid: ADA.sid, ...!isRefresh && { nonce: grant?.nonce } }
    const claims = defined({ ...own, ...said(twist.claims), ...isRefresh && twist.refreshed })
    if (twist.rotates === true) generation++
    const idToken = await (twist.sign ?? ((claims, own) => own(claims)))(claims, sign)
    idTokens.push(idToken)
    return { access_token: `access-${idTokens.length}`, refresh_token: `refresh-${idTokens.length}`, token_type: 'Bearer', expires_in: 120, id_token: idToken }
  }

  function checkCode (form: URLSearchParams, grant: Grant | undefined): void {
    wrong(form.get('grant_type') !== 'authorization_code', 'a grant_type that nobody has registered')
    wrong(grant === undefined, 'a code that was not given, or was used')
    wrong(form.get('redirect_uri') !== grant?.redirectUri, 'the redirect_uri is not that of the authorization request')
    wrong(createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') !== grant?.challenge, 'the code_verifier does not fit')
  }

  // RFC 6749 §2.3.1: in the header both are form-encoded first.
  function checkClient (form: URLSearchParams, authorization = ''): void {
    const shown = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString().split(':').map(part => new URLSearchParams(`part=${part}`).get('part'))
    if (auth === 'client_secret_basic') wrong(!isDeepStrictEqual(shown, [CLIENT.id, CLIENT.secret]) || form.has('client_secret'), 'the client does not say who it is by client_secret_basic alone')
    else wrong(form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret || authorization !== '', 'the client does not say who it is by client_secret_post alone')
  }

  async function userinfo ({ query, form, headers }: Asked): Promise<Json | string> {
    wrong(headers.authorization !== `Bearer access-${idTokens.length}`, 'the access token is not in the header of the userinfo request')
    wrong(query.has('access_token') || form.has('access_token'), 'the access token is in the address or the body')
    const claims = defined({ ...USERINFO, ...said(twist.userinfo) })
    return twist.signsUserinfo === true ? await sign({ ...claims, iss: issuer, aud: CLIENT.id }) : claims
  }

  const said = (part: Json | ((issuer: string) => Json) | undefined): Json => (typeof part === 'function' ? part(issuer) : part) ?? {}
  const discovery = (): Json => defined({
    issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, userinfo_endpoint: `${issuer}/userinfo`, jwks_uri: `${issuer}/keys`, end_session_endpoint: `${issuer}/end`,
    response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'], token_endpoint_auth_methods_supported: [auth],
    backchannel_logout_supported: true, backchannel_logout_session_supported: true, ...twist.discovery?.(issuer)
  })

  async function answer (request: Asked): Promise<Json | string | undefined> {
    switch (request.path) {
      case '/.well-known/openid-configuration': return discovery()
      case '/keys': {
        const { jwk } = await keyCalled(`key-${generation}`)
        return { keys: await twist.keys?.(jwk) ?? [jwk] }
      }
      case '/token': return await token(request)
      case '/userinfo': return await userinfo(request)
      default: return undefined
    }
  }

  issuer = await startServer(t, createServer((incoming, response) => {
    void read(incoming).then(async request => {
      asked.push(request)
      if (request.path === '/authorize') return response.writeHead(302, { location: authorize(request) }).end()
      const body = await answer(request)
      const type = typeof body === 'string' ? 'application/jwt' : 'application/json'
      return response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
    })
  }))
  return {
    issuer, asked, faults, idTokens, sign,
    rotate: async () => { await keyCalled(`key-${++generation}`) },
    at: path => asked.filter(request => request.path === path)
  }
}

/** A token with one bit of its signature changed. */
export async function broken (token: Promise<string>): Promise<string> {
  const [header, payload, signature = ''] = (await token).split('.')
  const bytes = base64url.decode(signature)
  bytes[10] = (bytes[10] ?? 0) ^ 1
  return `${header}.${payload}.${base64url.encode(bytes)}`
}

async function read (request: IncomingMessage): Promise<Asked> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
  return { path: pathname, query: searchParams, form: new URLSearchParams(await text(request)), headers: request.headers }
}

function defined (members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
