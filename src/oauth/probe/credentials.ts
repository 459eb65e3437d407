import { allowInsecureRequests, customFetch, genericTokenEndpointRequest } from 'oauth4webapi'
import { Claims } from '../../claims.ts'
import { errorCode } from '../callback.ts'
import { chooseClientAuth } from '../client-auth.ts'
import type { OAuthClientOptions } from '../client.ts'
import type { Endpoints } from '../endpoints.ts'
import { address, type ProviderFetch } from '../http.ts'
import { cannotTell, ok, said, wrong, type Finding } from './finding.ts'

const what = 'client credentials'
/** RFC 6749 §5.2, and the names GitHub has for the same. */
const CODE_REFUSED = new Set(['invalid_grant', 'bad_verification_code'])
const CLIENT_REFUSED = new Set(['invalid_client', 'incorrect_client_credentials'])

/** How GitHub and Google say that it is the address which is wrong. */
const URI_REFUSED = 'redirect_uri_mismatch'

/** What a token endpoint said to a code that nobody issued. */
export interface Reply {
  readonly status: number
  readonly error: string | undefined
  /** Whether it gave tokens. */
  readonly gave: boolean
  /** Whether a secret came along. */
  readonly secretSent: boolean
  /** Whether it is a provider of Entra's, whose numbers begin so. */
  readonly entra: boolean
  /** Whether people sign in by code; the endpoint need not know that grant otherwise. */
  readonly byCode: boolean
}

/** Sends one code that nobody issued (RFC 6749 §4.1.3): a provider that complains about the code has accepted the client. */
export async function probeCredentials (options: OAuthClientOptions, { token, authMethods }: Endpoints, fetch: ProviderFetch, redirectUri: string | undefined): Promise<Finding> {
  const { clientId, outside, provider, usePkce } = options
  if (token === undefined) return wrong(what, 'no token endpoint is known; set --oauth-token-url')
  const parameters = {
    code: `oauth-gate-check-${outside.random(16).toString('base64url')}`,
    ...redirectUri === undefined ? {} : { redirect_uri: redirectUri },
    ...usePkce ? { code_verifier: outside.random(64).toString('base64url') } : {}
  }
  const secretSent = sendsSecret(options)
  try {
    const server = { issuer: token, token_endpoint: token }
    const answer = await genericTokenEndpointRequest(server, { client_id: clientId }, chooseClientAuth(options, authMethods), 'authorization_code', parameters, { [customFetch]: fetch, [allowInsecureRequests]: true })
    const text = await answer.text()
    const document = read(text)
    const sent = [options.clientSecret, ...Object.values(parameters)].filter(value => value !== undefined)
    const error = document.text('error')
    const isEcho = sent.some(value => error?.includes(value) === true)
    return judgeReply({ status: answer.status, error: isEcho ? 'with what it was sent' : error, gave: document.has('access_token'), secretSent, entra: text.includes('AADSTS'), byCode: provider.flow === 'code' })
  } catch (error) {
    return wrong(what, `${said(error)}; check that this machine reaches ${address(token)}`)
  }
}

/** Told apart as RFC 6749 §5.2 has it; never by the provider's words, which may quote what was sent. */
export function judgeReply ({ status, error, gave, secretSent, entra, byCode }: Reply): Finding {
  const answered = `the token endpoint answered ${status}${error === undefined ? '' : ` ${errorCode(error)}`}`
  if (gave) return wrong(what, 'the token endpoint gave a token for a code that nobody issued: anybody could sign in; check --oauth-token-url')
  if (error !== undefined && CODE_REFUSED.has(error)) {
    if (entra && secretSent) return cannotTell(what, `${answered}, but this provider may look at the code before the secret; sign in once to know`)
    return ok(what, secretSent ? `accepted (${answered} to an impossible code)` : `the client id is accepted, no secret is sent (${answered} to an impossible code)`)
  }
  if (error === URI_REFUSED) return cannotTell(what, `${answered}: it looks at the redirect URI first; register the one that is used, then check again`)
  // Keycloak says unauthorized_client of a wrong secret too, with the status that RFC 6749 has for invalid_client.
  if ((error !== undefined && CLIENT_REFUSED.has(error)) || status === 401) return wrong(what, `${answered}; check --oauth-key${secretSent ? ' and --oauth-secret (the value, not its id), and --auth-style' : ', and whether the client needs a secret (--oauth-secret, --auth-style)'}`)
  if (error === 'unauthorized_client' && byCode) return wrong(what, `${answered}; enable the authorization code flow for this client at the provider`)
  return cannotTell(what, `${answered} to an impossible code, which says nothing about the client; sign in once, and the log says what is wrong`)
}

function sendsSecret ({ clientSecret, authStyle, provider }: OAuthClientOptions): boolean {
  if (clientSecret === undefined || authStyle === 'none') return false
  return authStyle !== 'auto' || provider.secret === 'sent'
}

function read (text: string): Claims {
  try {
    return new Claims(JSON.parse(text))
  } catch {
    return new Claims({})
  }
}
