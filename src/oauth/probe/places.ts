import type { JSONWebKeySet } from 'jose'
import { createLocalJWKSet } from 'jose/jwks/local'
import { Claims } from '../../claims.ts'
import { DiscoveryMismatch } from '../../errors.ts'
import { createEndpoints, discoveredIssuer, type Endpoints, type EndpointsOptions } from '../endpoints.ts'
import { address, readJson, type ProviderFetch } from '../http.ts'
import { oneLine } from '../callback.ts'
import { cannotTell, ok, said, wrong, type Finding } from './finding.ts'
import type { Witness } from './witness.ts'

export interface Places {
  readonly findings: readonly Finding[]
  /** Where to ask further; absent where nobody can be trusted with it. */
  readonly endpoints?: Endpoints
}

/** Discovery (OpenID Connect Discovery §4) and its issuer, read by the very function that the gate uses. */
export async function findPlaces (options: EndpointsOptions, witness: Witness): Promise<Places> {
  const issuer = discoveredIssuer(options)
  const find = async (issuer: string | undefined): Promise<Endpoints> => await createEndpoints({ ...options, issuer, fetch: witness.fetch })()
  if (issuer === undefined) return { findings: [], endpoints: await find(undefined) }
  const setting = options.issuer !== undefined ? '--oauth-issuer' : Object.keys(options.parameters ?? {}).length > 0 ? '--oauth-extra-params' : undefined
  try {
    const endpoints = await find(options.issuer)
    return { findings: [ok('discovery', `${issuer} answers`), ok('issuer', `${issuer}, byte for byte`)], endpoints }
  } catch (error) {
    const named = new Claims(witness.first()).text('issuer')
    if (!(error instanceof DiscoveryMismatch) || named === undefined) return unreadable(said(error), setting)
    const findings = [ok('discovery', `${issuer} answers`), otherIssuer(issuer, named, options.issuer !== undefined)]
    // By a slash it is the same server; whoever else it may be gets no secret of ours.
    const endpoints = differsBySlash(issuer, named) ? await find(named).catch(() => undefined) : undefined
    return endpoints === undefined ? { findings } : { findings, endpoints }
  }
}

function unreadable (why: string, setting: string | undefined): Places {
  return { findings: [wrong('discovery', `${why}; check ${setting === undefined ? '' : `${setting}, and `}DNS, firewall and TLS from this machine`), cannotTell('issuer', 'that needs the discovery document')] }
}

/** §4.3: the two must be identical. */
function otherIssuer (issuer: string, named: string, isSet: boolean): Finding {
  const given = isSet ? `--oauth-issuer is ${issuer}` : `is expected to be ${issuer}`
  const name = oneLine(named)
  const set = `set --oauth-issuer=${name}`
  if (differsBySlash(issuer, named)) return wrong('issuer', `the provider calls itself ${name} and ${given}: they differ by a trailing slash; ${set}`)
  return wrong('issuer', `the provider calls itself ${name} and ${given}: they must be equal byte for byte; if that is the provider you mean, ${set}`)
}

function differsBySlash (issuer: string, named: string): boolean {
  return named === `${issuer}/` || `${named}/` === issuer
}

/** Whether id_tokens can be verified (RFC 7517). */
export async function probeKeys ({ issuer, jwks }: Endpoints, fetch: ProviderFetch): Promise<Finding | undefined> {
  const what = 'key set'
  if (issuer === undefined) return undefined
  if (jwks === undefined) return wrong(what, 'the discovery document names no jwks_uri, so no id_token can be verified; is it the right --oauth-issuer?')
  try {
    const answer = await fetch(jwks, { headers: { accept: 'application/json, application/jwk-set+json' } })
    if (answer.status !== 200) return wrong(what, `${address(jwks)} answered ${answer.status}; the provider has to mend that`)
    const document = await readJson(answer, `the key set ${address(jwks)}`)
    createLocalJWKSet(document as JSONWebKeySet) // checks the shape
    const count = new Claims(document).list('keys').length
    return count === 0 ? wrong(what, `${address(jwks)} has no keys, so no id_token can be verified`) : ok(what, `${count} key${count === 1 ? '' : 's'} at ${address(jwks)}`)
  } catch (error) {
    return wrong(what, `${said(error)}; check that this machine reaches ${address(jwks)}`)
  }
}
