import { randomBytes } from 'node:crypto'
import type { Outside } from '../../src/outside.ts'
import { createOAuthClient, type OAuthClient, type OAuthClientOptions } from '../../src/oauth/client.ts'
import { createProviderFetch } from '../../src/oauth/http.ts'
import { findProvider } from '../../providers/index.ts'
import { clientId, clientSecret, nonce, start, startHostileProvider, type HostileProvider } from '../fixtures/hostile-provider.ts'

interface Teardown { teardown (work: () => Promise<void>): void }

/** A clock that stands still until a test moves it, by milliseconds. */
export interface TestClock extends Outside {
  pass (milliseconds: number): void
}

export function createClock (at = start): TestClock {
  let now = at
  return { now: () => now, random: bytes => randomBytes(bytes), pass (milliseconds) { now += milliseconds } }
}

export const attempt = { state: 'state-1', nonce, codeVerifier: 'v'.repeat(128), redirectUri: 'https://gate.example' }

/** A client of the provider named, with everything a test does not speak of left as the settings' defaults have it. */
export function createClient (name: string, options: Partial<OAuthClientOptions>): OAuthClient {
  const provider = findProvider(name)
  if (provider === undefined) throw new Error(`there is no provider ${name}`)
  return createOAuthClient({
    provider, clientId, authStyle: 'auto', usePkce: true, scopes: provider.scopes, extraParams: {},
    fetch: createProviderFetch(), outside: createClock(), ...options
  })
}

export interface HostileSetup {
  readonly hostile: HostileProvider
  readonly clock: TestClock
  readonly client: OAuthClient
  /** Failures that nobody waited for. */
  readonly failures: unknown[]
}

/** The `oidc` provider with a hostile one behind it. */
export async function startHostile (t: Teardown, options: Partial<OAuthClientOptions> = {}): Promise<HostileSetup> {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  const clock = createClock()
  const failures: unknown[] = []
  const client = createClient('oidc', { issuer: hostile.issuer, clientSecret, outside: clock, onFailure: error => failures.push(error), ...options })
  return { hostile, clock, client, failures }
}

/** A provider that is plain OAuth 2.0: no issuer, no keys. */
export async function startPlain (t: Teardown, options: Partial<OAuthClientOptions> = {}, userUrl = true): Promise<HostileSetup> {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  const clock = createClock()
  const { issuer } = hostile
  const client = createClient('generic', {
    authorizeUrl: `${issuer}/authorize`, tokenUrl: `${issuer}/token`, ...userUrl ? { userUrl: `${issuer}/user` } : {}, clientSecret, outside: clock, ...options
  })
  return { hostile, clock, client, failures: [] }
}
