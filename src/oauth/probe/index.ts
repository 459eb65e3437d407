import type { OAuthClientOptions } from '../client.ts'
import { probeCredentials } from './credentials.ts'
import { cannotTell, ok, type Finding } from './finding.ts'
import { findPlaces, probeKeys } from './places.ts'
import { probeSignInPage } from './sign-in-page.ts'
import { createWitness } from './witness.ts'

export type { Finding } from './finding.ts'

/**
 * Asks a provider what can be known without a person. Sends one token request with a code that nobody issued: for commands
 * that say so first, never for a gate that runs.
 *
 * @param redirectUri what has to be registered; `undefined` where that is known only to whoever opens the app
 */
export async function* probeProvider (options: OAuthClientOptions, redirectUri: string | undefined): AsyncGenerator<Finding> {
  const witness = createWitness(options.fetch, options.outside)
  const { findings, endpoints } = await findPlaces(options, witness)
  yield* findings
  const byCode = options.provider.flow === 'code'
  if (endpoints === undefined) {
    const why = 'discovery has to be right first'
    yield* ['key set', 'client credentials', ...byCode ? ['redirect URI'] : []].map(what => cannotTell(what, why))
  } else {
    const keys = await probeKeys(endpoints, witness.fetch)
    if (keys !== undefined) yield keys
    if (endpoints.tellsLogouts === true) yield ok('back-channel logout', 'the provider has it: register the address that stands above at Back-channel')
    yield await probeCredentials(options, endpoints, witness.fetch, redirectUri)
    if (byCode && redirectUri !== undefined) yield* await probeSignInPage(options, endpoints, witness, redirectUri)
    else if (byCode) yield cannotTell('redirect URI', 'it is the origin that people type, whichever that is; set --public-url to have one to register')
  }
  yield witness.clock()
}
