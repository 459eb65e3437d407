// What a provider says when a session's tokens are renewed, and what becomes of the session.
import { json } from '../../fixtures/hostile-provider.ts'
import { raw, text } from './provider.ts'
import { ADA, type Does } from './row.ts'

export interface RefreshRow {
  readonly title: string
  readonly does: Does
  /** The session is over, and the log says by what; or it goes on, as what, and what the log says of the failure. */
  readonly expects: { readonly ended: string, readonly says: RegExp } | { readonly app: Readonly<Record<string, string | undefined>>, readonly failed?: readonly [code: string, says: RegExp] }
}

const ends = (title: string, does: Does, says: RegExp, ended = 'GATE_ID_TOKEN_INVALID'): RefreshRow => ({ title, does, expects: { ended, says } })
const claims = (title: string, claims: Does['claims'], says: RegExp): RefreshRow => ends(title, { claims: claims as Exclude<Does['claims'], undefined> }, says)
const fails = (title: string, does: Does, says: RegExp, code = 'GATE_PROVIDER_ANSWER_INVALID'): RefreshRow => ({ title, does, expects: { app: ADA, failed: [code, says] } })
const goes = (title: string, does: Does, app: Readonly<Record<string, string | undefined>> = ADA): RefreshRow => ({ title, does, expects: { app } })
const token = (title: string, answer: Exclude<Does['answers'], undefined>[string], says: RegExp, code?: string): RefreshRow => fails(title, { answers: { '/token': answer } }, says, code)

export const refreshRows: readonly RefreshRow[] = [
  claims('a refresh brings the id_token of somebody else', { sub: 'ben-2' }, /^iss or sub is not that of the sign-in/),
  claims('a refresh brings an id_token of another issuer', { iss: 'https://another.example' }, /^iss is/),
  claims('a refresh brings an id_token for another client', { aud: 'another' }, /^aud is/),
  claims('a refresh brings an id_token that another client asked for', { azp: 'another' }, /^azp is/),
  claims('a refresh brings an id_token with another nonce', { nonce: 'another' }, /^nonce is not the one of the sign-in/),
  claims('a refresh brings an id_token that has ended', ({ now }) => ({ exp: now - 100 }), /^exp is in the past/),
  claims('a refresh brings an id_token without an end', { exp: undefined }, /^exp is missing/),
  claims('a refresh brings an id_token of nobody', { sub: undefined }, /^iss or sub|^sub is missing/),
  claims('a refresh brings an id_token for another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, /^at_hash/),
  ends('a refresh brings an unsigned id_token', { idToken: p => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(p.claims())).toString('base64url')}.` }, /^the algorithm "none"/),
  ends('a refresh brings a logout token in place of the id_token', { header: { typ: 'logout+jwt' } }, /^typ is/),
  ends('a refresh brings somebody else’s userinfo: token substitution, and the token is not passed on', { user: { sub: 'ben-2', email: 'ben@example.com' } }, /another sub than the id_token/, 'GATE_PROVIDER_ANSWER_INVALID'),
  ends('a refresh without an id_token brings somebody else’s userinfo', { idToken: undefined, user: { sub: 'ben-2', email: 'ben@example.com' } }, /speaks of another subject/),
  ends('a refresh brings an address that is not verified any more', { user: { email_verified: false } }, /not verified/, 'GATE_USER_MISSING'),
  ends('a refresh without an id_token brings userinfo of somebody else, whom nothing in it names', { idToken: undefined, user: { sub: 'ben-2', email: undefined } }, /speaks of another subject/),
  ends('a refresh without an id_token brings an address that is not verified any more', { idToken: undefined, user: { email_verified: false } }, /not verified/, 'GATE_USER_MISSING'),
  goes('a refresh without an id_token brings rights to an end, and says nothing of an address', { idToken: undefined, user: { email: undefined, email_verified: undefined, groups: [] } }, { ...ADA, 'x-forwarded-groups': undefined }),
  ends('a refresh token that is refused', { answers: { '/token': () => json({ error: 'invalid_grant' }, 400) } }, /answered 400 invalid_grant/, 'GATE_GRANT_REFUSED'),
  ends('a refresh that wants the person back', { answers: { '/token': () => json({ error: 'login_required' }, 400) } }, /login_required/, 'GATE_GRANT_REFUSED'),
  goes('a refresh whose id_token has no nonce, as most', { claims: { nonce: undefined } }),
  goes('a refresh without an id_token', { idToken: undefined }),
  goes('a refresh without another refresh token', { token: { refresh_token: undefined } }),
  goes('a refresh whose refresh token is an object', { token: { refresh_token: {} } }),
  goes('a refresh that brings rights to an end', { user: { groups: [] } }, { ...ADA, 'x-forwarded-groups': undefined }),
  goes('a refresh that brings other groups', { user: { groups: ['guests'] } }, { ...ADA, 'x-forwarded-groups': 'guests' }),
  goes('a refresh whose userinfo says 401, and whose id_token says nothing of groups', { answers: { '/user': () => json({}, 401) }, claims: { email: 'ada@example.com', email_verified: true } }, { ...ADA, 'x-forwarded-groups': undefined }),
  token('a refresh that is answered with 500', () => json({}, 500), /answered 500 without an error code/),
  token('a refresh that is answered with 503 and HTML', () => text('<h1>', { 'content-type': 'text/html' }, 503), /answered 503 with text\/html/),
  token('a refresh that is answered with 421: the token is not sent twice', () => json({}, 421), /answered 421, to be asked again/),
  token('a refresh that is answered with a redirect', ({ elsewhere }) => response => response.writeHead(307, { location: `${elsewhere.issuer}/token` }).end(), /answered 307, a redirect/),
  token('a refresh whose connection is reset', () => raw('', 'reset'), /ECONNRESET|other side closed/, 'GATE_PROVIDER_UNREACHABLE'),
  token('a refresh whose answer ends too early', () => raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"access_token":"x"'), /other side closed|terminated/, 'GATE_PROVIDER_UNREACHABLE'),
  token('a refresh that repeats the refresh token in its error', () => (response, seen) => json({ error: 'server_error', error_description: `no ${seen.body.get('refresh_token')}` }, 500)(response, seen), /no \[redacted\]/, 'GATE_PROVIDER_REFUSED'),
  token('a refresh whose error is the refresh token', () => (response, seen) => json({ error: seen.body.get('refresh_token') }, 400)(response, seen), /answered 400 \[redacted\]/, 'GATE_PROVIDER_REFUSED'),
  token('a refresh that brings no access token', () => json({ token_type: 'Bearer' }), /without a usable access_token/),
  token('a refresh that finds the client unknown', () => json({ error: 'invalid_client' }, 401), /invalid_client/, 'GATE_CLIENT_REFUSED'),
  fails('a refresh whose userinfo is HTML', { answers: { '/user': () => text('<html>', { 'content-type': 'text/html' }) } }, /with text\/html/),
  fails('a refresh whose userinfo is down', { answers: { '/user': () => json({}, 500) } }, /answered 500/)
]
