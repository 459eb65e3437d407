// A whole OpenID provider, as strict as an honest one, until a row tells it to do otherwise.
import { hash, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { SignJWT, type JWTHeaderParameters } from 'jose'
import { json, startHostileProvider, type Answer, type HostileProvider, type Seen } from '../../fixtures/hostile-provider.ts'
import type { Does, Members, Told } from './row.ts'

export const client = { id: 'gate', secret: 'hush-the-client-secret' }

/** What one browser was sent with, and what the provider gave it. */
export interface Login {
  readonly state: string
  readonly nonce: string
  readonly challenge: string
  readonly redirectUri: string
  readonly code: string
}

export interface Misbehaving {
  readonly issuer: string
  /** Another server of nobody, which must never hear of anything. */
  readonly elsewhere: HostileProvider
  readonly here: HostileProvider
  /** Seconds, by the gate's own clock. */
  readonly now: number
  /** The newest login, and those before it. */
  readonly login: Login
  readonly logins: readonly Login[]
  readonly codeVerifier: string
  readonly accessToken: string
  /** Everything that it ever gave away, or was sent in confidence. */
  readonly secrets: ReadonlySet<string>
  /** The honest claims for the newest login, with changes. */
  claims (changes?: Members): Members
  sign (claims: Members, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** From now on. Without anything: honest again. */
  does (does: Does): void
  close (): Promise<void>
}

const DISCOVERY = '/.well-known/openid-configuration'
const person = { sub: 'ada-1', email: 'ada@example.com', email_verified: true, groups: ['staff'], name: 'Ada' }

export async function startMisbehaving (clock: { now (): number }): Promise<Misbehaving> {
  const [here, elsewhere] = [await startHostileProvider(), await startHostileProvider()]
  const secrets = new Set<string>([client.secret])
  const logins: Login[] = []
  const codes = new Map<string, Login>()
  const refreshTokens = new Set<string>()
  let row: Does = {}
  let accessToken = ''
  let codeVerifier = ''
  let nonce: string | undefined // of the sign-in that a refresh goes back to

  const told = async <T>(value: Told<T> | undefined): Promise<T | undefined> => typeof value === 'function' ? await (value as (provider: Misbehaving) => T | Promise<T>)(provider) : value
  const secret = (kind: string): string => {
    const made = `${kind}-${randomBytes(18).toString('base64url')}`
    secrets.add(made)
    return made
  }

  function begin ({ query }: Seen): Login {
    const of = (name: string) => query.get(name) ?? ''
    const login = { state: of('state'), nonce: of('nonce'), challenge: of('code_challenge'), redirectUri: of('redirect_uri'), code: secret('code') }
    for (const text of [login.state, login.nonce]) secrets.add(text)
    logins.push(login)
    codes.set(login.code, login)
    return login
  }

  /** RFC 6749 §4.1.3 and §6, RFC 7636 §4.6: a code counts once, from its own client, with its verifier. */
  function redeem ({ body, headers }: Seen): string | undefined {
    const basic = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString().split(':').map(decodeURIComponent)
    if (basic.join(':') !== `${client.id}:${client.secret}` && (body.get('client_id') !== client.id || body.get('client_secret') !== client.secret)) return 'invalid_client'
    for (const name of ['code_verifier', 'refresh_token']) if (body.has(name)) secrets.add(body.get(name) as string)
    codeVerifier = body.get('code_verifier') ?? ''
    if (body.get('grant_type') === 'refresh_token') return refreshTokens.delete(body.get('refresh_token') ?? '') ? undefined : 'invalid_grant'
    const login = codes.get(body.get('code') ?? '')
    codes.delete(login?.code ?? '')
    const proven = login !== undefined && body.get('redirect_uri') === login.redirectUri && (row.ignoresPkce === true || hash('sha256', codeVerifier, 'base64url') === login.challenge)
    nonce = login?.nonce
    return proven && login.challenge !== '' ? undefined : 'invalid_grant'
  }

  async function tokens (response: ServerResponse, seen: Seen): Promise<unknown> {
    const error = redeem(seen)
    accessToken = secret('access')
    const other = row.answers?.['/token']?.(provider)
    if (other !== undefined) return other(response, seen)
    if (error !== undefined) return json({ error }, error === 'invalid_client' ? 401 : 400)(response, seen)
    const refreshToken = secret('refresh')
    refreshTokens.add(refreshToken)
    const idToken = 'idToken' in row ? await told(row.idToken) : await provider.sign(defined({ ...provider.claims(), ...await told(row.claims) }), await told(row.header))
    if (typeof idToken === 'string' && idToken.length > 20) secrets.add(idToken)
    return json(defined({ access_token: accessToken, token_type: 'Bearer', expires_in: 120, id_token: idToken, refresh_token: refreshToken, ...await told(row.token) }))(response, seen)
  }

  function user (response: ServerResponse, seen: Seen): unknown {
    if (seen.headers.authorization !== `Bearer ${accessToken}`) return json({ error: 'invalid_token' }, 401)(response, seen)
    return told(row.user).then(members => json(defined({ ...person, ...members }))(response, seen))
  }

  const honest: Record<string, Answer> = {
    [DISCOVERY]: async (response, seen) => json(defined({
      issuer: here.issuer, authorization_endpoint: `${here.issuer}/authorize`, token_endpoint: `${here.issuer}/token`, userinfo_endpoint: `${here.issuer}/user`, jwks_uri: `${here.issuer}/keys`,
      token_endpoint_auth_methods_supported: ['client_secret_basic'], authorization_response_iss_parameter_supported: true, ...await told(row.discovery)
    }))(response, seen),
    '/authorize': async response => {
      const to = new URL(provider.login.redirectUri)
      const members = { code: provider.login.code, state: provider.login.state, iss: here.issuer, ...await told(row.back) }
      for (const [name, value] of Object.entries(defined(members))) for (const one of [value].flat()) to.searchParams.append(name, String(one))
      response.writeHead(302, { location: to.href }).end()
    },
    '/keys': async (response, seen) => json('keys' in row ? await told(row.keys) : { keys: [here.publicKey] })(response, seen)
  }

  const provider: Misbehaving = {
    here, elsewhere, logins, secrets, issuer: here.issuer,
    get now () { return Math.floor(clock.now() / 1000) },
    get login () { return logins.at(-1) as Login },
    get codeVerifier () { return codeVerifier },
    get accessToken () { return accessToken },
    claims: (changes = {}) => ({ iss: here.issuer, aud: client.id, sub: person.sub, nonce, iat: provider.now, exp: provider.now + 3600, ...changes }),
    async sign (claims, header = {}) {
      const token = await new SignJWT(claims as Record<string, unknown>).setProtectedHeader(defined({ alg: 'ES256', kid: here.publicKey.kid, ...header }) as unknown as JWTHeaderParameters).sign(here.privateKey)
      secrets.add(token)
      return token
    },
    does (does) { row = does },
    async close () { await Promise.all([here.close(), elsewhere.close()]) }
  }
  for (const path of [DISCOVERY, '/keys', '/authorize']) {
    here.answer(path, (response, seen) => {
      if (path === '/authorize') begin(seen)
      return (row.answers?.[path]?.(provider) ?? honest[path] as Answer)(response, seen)
    })
  }
  here.answer('/token', tokens)
  here.answer('/user', (response, seen) => (row.answers?.['/user']?.(provider) ?? user)(response, seen))
  for (const path of ['/token', '/user', '/keys', '/authorize', DISCOVERY]) elsewhere.answer(path, json({ error: 'nobody' }, 500))
  return provider
}

/** Bytes as they are, in place of what a server would say. Whatever comes after them is the row's. */
export const raw = (bytes: string | Buffer, after: 'end' | 'reset' | 'open' = 'end'): Answer => ({ socket }) => {
  if (after === 'end') return socket?.end(bytes)
  socket?.write(bytes, () => { if (after === 'reset') socket.resetAndDestroy() })
}

export const text = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}, status = 200): Answer => response => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

function defined (members: Members): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
