// What the browser brings back from the authorization endpoint.
import type { Login } from './provider.ts'
import { admitted, refused, type Does, type Refused, type Row } from './row.ts'

const back = (title: string, members: Does['back'], code: Refused['code'], says: RegExp): Row => ({ title, does: { back: members as Exclude<Does['back'], undefined> }, expects: refused(code, says, '') })
const page = (title: string, answer: Exclude<Does['answers'], undefined>[string], code: Refused['code'], says: RegExp): Row => ({ title, does: { answers: { '/authorize': answer } }, expects: refused(code, says, '') })
const denied = (title: string, members: Does['back'], code: Refused['code'], says: RegExp): Row => back(title, async p => ({ code: undefined, ...typeof members === 'function' ? await members(p) : members }), code, says)

/** Once; then honest. */
function swapped (): Does {
  let other: Login | undefined
  return {
    first ({ login }) { other = login },
    back (): Record<string, unknown> {
      const { code, state } = other ?? {}
      other = undefined
      return code === undefined ? {} : { code, state }
    }
  }
}

export const authorizationRows: readonly Row[] = [
  back('an answer without a state', { state: undefined }, 'GATE_LOGIN_MISMATCH', /^a callback with 0 states/),
  back('an answer with an empty state', { state: '' }, 'GATE_LOGIN_MISMATCH', /none of ours/),
  back('an answer with a state of its own making', { state: 'A'.repeat(44) }, 'GATE_LOGIN_MISMATCH', /none of ours/),
  back('an answer with one bit of the state changed', ({ login: { state } }) => ({ state: (state.startsWith('A') ? 'B' : 'A') + state.slice(1) }), 'GATE_LOGIN_MISMATCH', /none of ours/),
  back('an answer with the state twice', ({ login: { state } }) => ({ state: [state, state] }), 'GATE_LOGIN_MISMATCH', /^a callback with 2 states/),
  back('an answer with two states, one of them ours', ({ login: { state } }) => ({ state: [state, 'another'] }), 'GATE_LOGIN_MISMATCH', /^a callback with 2 states/),
  back('an answer with neither a code nor an error', { code: undefined }, 'GATE_MALFORMED_REQUEST', /neither a code nor an error/),
  back('an answer with an empty code', { code: '' }, 'GATE_MALFORMED_REQUEST', /neither a code nor an error/),
  back('an answer with two codes', ({ login: { code } }) => ({ code: [code, 'another'] }), 'GATE_MALFORMED_REQUEST', /2 values of code/),
  back('an answer with a code and an error', { error: 'server_error' }, 'GATE_PROVIDER_REFUSED', /answered server_error/),
  back('an answer with two errors', { error: ['server_error', 'access_denied'] }, 'GATE_MALFORMED_REQUEST', /2 values of error/),
  back('mix-up: an answer of another issuer', { iss: 'https://another.example' }, 'GATE_ISSUER_MISMATCH', /^iss is "https:\/\/another/),
  back('mix-up: an answer of an issuer that differs by a slash', ({ issuer }) => ({ iss: `${issuer}/` }), 'GATE_ISSUER_MISMATCH', /^iss is/),
  back('mix-up: an answer without the issuer that was promised', { iss: undefined }, 'GATE_ISSUER_MISMATCH', /^iss is missing, and the provider promises it/),
  back('mix-up: an answer with an empty issuer', { iss: '' }, 'GATE_ISSUER_MISMATCH', /^iss is ""/),
  back('mix-up: an answer with two issuers, one of them right', ({ issuer }) => ({ iss: [issuer, 'https://another.example'] }), 'GATE_MALFORMED_REQUEST', /2 values of iss/),
  back('an error of another issuer', { code: undefined, error: 'access_denied', iss: 'https://another.example' }, 'GATE_ISSUER_MISMATCH', /^iss is/),
  denied('a refusal by the person', { error: 'access_denied' }, 'GATE_LOGIN_CANCELLED', /answered access_denied$/),
  denied('an error whose description is a page', { error: 'server_error', error_description: '<script>alert(1)</script><img src=x onerror=alert(1)>' }, 'GATE_PROVIDER_REFUSED', /answered server_error \(<script>/),
  denied('an error whose description breaks lines and turns the writing', { error: 'server_error', error_description: 'a\r\nb\u202Ec\0d' }, 'GATE_PROVIDER_REFUSED', /answered server_error \(abcd\)$/),
  denied('an error whose description repeats the state', ({ login: { state } }) => ({ error: 'server_error', error_description: `no such state ${state}` }), 'GATE_PROVIDER_REFUSED', /no such state \[redacted\]/),
  denied('an error whose code is the state', ({ login: { state } }) => ({ error: state }), 'GATE_PROVIDER_REFUSED', /answered \[redacted\]$/),
  denied('an error whose code is a page', { error: '<b>"no"</b>' }, 'GATE_PROVIDER_REFUSED', /an error code that breaks RFC 6749/),
  denied('an empty error', { error: '' }, 'GATE_PROVIDER_REFUSED', /an error code that breaks RFC 6749/),
  denied('an error of 4,000 characters', { error: 'server_error', error_description: 'long '.repeat(800) }, 'GATE_PROVIDER_REFUSED', /^.{200,400}$/),
  denied('an error that asks for a sign-in there', { error: 'login_required' }, 'GATE_PROVIDER_REFUSED', /answered login_required/),
  denied('an address of our own that the provider does not know', { error: 'redirect_uri_mismatch' }, 'GATE_REDIRECT_URI_REFUSED', /redirect_uri_mismatch/),
  back('an answer as a token instead of a code', ({ login }) => ({ code: undefined, access_token: `stolen-${login.code}`, token_type: 'Bearer' }), 'GATE_MALFORMED_REQUEST', /neither a code nor an error/),
  back('an answer that is wrapped in a JWT', { code: undefined, state: undefined, response: 'eyJhbGciOiJub25lIn0.e30.' }, 'GATE_LOGIN_MISMATCH', /0 states/),
  page('an answer behind a #, which browsers keep to themselves', ({ login, issuer }) => response => response.writeHead(302, { location: `${login.redirectUri}#code=${login.code}&state=${login.state}&iss=${issuer}` }).end(), 'GATE_LOGIN_MISMATCH', /0 states/),
  page('an answer with ; between its parts', ({ login }) => response => response.writeHead(302, { location: `${login.redirectUri}?code=${login.code};state=${login.state}` }).end(), 'GATE_LOGIN_MISMATCH', /0 states/),
  page('an answer whose names are written in capitals', ({ login, issuer }) => response => response.writeHead(302, { location: `${login.redirectUri}?CODE=${login.code}&STATE=${login.state}&iss=${issuer}` }).end(), 'GATE_LOGIN_MISMATCH', /0 states/),
  { title: 'login swap: the answer to the login of somebody else, with their code: who is here begins anew, and that code goes nowhere', another: true, does: swapped(), expects: admitted() },
  { title: 'an answer with our names written in percent, and others of no meaning', does: { back: { session_state: 'x', scope: 'openid', authuser: ['0', '1'], rd: 'https://another.example', returnTo: '//another.example' } }, expects: admitted() },
  { title: 'code injection: the code of another login, with which our verifier does not fit', another: true, does: { back: ({ logins }) => ({ code: logins.at(-2)?.code ?? 'none' }) }, expects: refused('GATE_GRANT_REFUSED', /answered 400 invalid_grant/, 'token') },
  { title: 'code injection where the provider ignores the verifier: the nonce is another login’s', another: true, does: { ignoresPkce: true, back: ({ logins }) => ({ code: logins.at(-2)?.code ?? 'none' }) }, expects: refused('GATE_ID_TOKEN_INVALID', /^nonce is not the one/, 'token') },
  { title: 'a code of 8,000 characters, which the token endpoint does not know', does: { back: { code: 'c'.repeat(8000) } }, expects: refused('GATE_GRANT_REFUSED', /invalid_grant/, 'token') },
  { title: 'a code that would be more parameters', does: { back: ({ login }) => ({ code: `${login.code}&client_id=another&redirect_uri=x` }) }, expects: refused('GATE_GRANT_REFUSED', /invalid_grant/, 'token') }
]
