import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose'
import { JWKSNoMatchingKey } from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import { Claims } from '../claims.ts'
import { ProviderAnswerInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { address, readJson, type ProviderFetch } from './http.ts'
import { createKept } from './kept.ts'

/** Finds the key a token was signed with, in jose's shape. */
export type KeySet = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>

interface KeySetOptions {
  readonly url: string
  readonly fetch: ProviderFetch
  readonly outside: Outside
  readonly onFailure?: ((error: unknown) => void) | undefined
}

const MOST_KEYS = 100

/**
 * A provider's keys (RFC 7517): read at first use, renewed every ten minutes without anybody waiting, kept while the provider
 * is down. A key id we do not know asks for the set again at most once a minute, however many tokens carry one.
 */
function createKeySet ({ url, fetch, outside, onFailure }: KeySetOptions): KeySet {
  async function load (): Promise<ReturnType<typeof createLocalJWKSet>> {
    const from = `the key set ${address(url)}`
    const answer = await fetch(url, { headers: { accept: 'application/json, application/jwk-set+json' } })
    if (answer.status !== 200) throw new ProviderAnswerInvalid(`${from} answered ${answer.status}`)
    return readKeys(await readJson(answer, from), from)
  }
  const kept = createKept({ load, outside, freshFor: 600_000, retryAfter: 1000, renewAfter: 60_000, onFailure })
  return async function findKey (header, token) {
    const keys = await kept.get()
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey)) throw error
      return await (await kept.renew())(header, token)
    }
  }
}

/** The key set belongs to an address: when discovery names another one, it starts anew. */
export function createKeySource ({ fetch, outside, onFailure }: Omit<KeySetOptions, 'url'>): (url: string) => KeySet {
  let current: { readonly url: string, readonly keys: KeySet } | undefined
  return url => {
    if (current?.url !== url) current = { url, keys: createKeySet({ url, fetch, outside, onFailure }) }
    return current.keys
  }
}

function readKeys (document: unknown, from: string): ReturnType<typeof createLocalJWKSet> {
  if (new Claims(document).list('keys').length > MOST_KEYS) throw new ProviderAnswerInvalid(`${from} has more than ${MOST_KEYS} keys`)
  try {
    return createLocalJWKSet(document as JSONWebKeySet) // checks the shape itself
  } catch {
    throw new ProviderAnswerInvalid(`${from} is no JSON Web Key Set`)
  }
}
