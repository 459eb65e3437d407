// Claims that no id_token may have, and some that it may.
import { hash } from 'node:crypto'
import { admitted, refused, type Admitted, type Does, type Refused, type Row } from './row.ts'

const no = (says: RegExp, code: Refused['code'] = 'GATE_ID_TOKEN_INVALID'): Refused => refused(code, says, 'token')
const row = (title: string, claims: Does['claims'], expects: Refused | Admitted): Row => ({ title, does: { claims: claims as Exclude<Does['claims'], undefined> }, expects })

export const idTokenRows: readonly Row[] = [
  // whose it is
  row('an id_token of another issuer', { iss: 'https://another.example' }, no(/^iss is "https:\/\/another/)),
  row('an id_token of an issuer that differs by a slash', ({ issuer }) => ({ iss: `${issuer}/` }), no(/^iss is/)),
  row('an id_token of an issuer that differs by its case', ({ issuer }) => ({ iss: issuer.toUpperCase() }), no(/^iss is/)),
  row('an id_token without an issuer', { iss: undefined }, no(/^iss is missing/)),
  row('an id_token with a list of issuers, one of them right', ({ issuer }) => ({ iss: [issuer] }), no(/^iss is \[/)),
  row('an id_token whose issuer is the nonce', p => ({ iss: p.login.nonce }), no(/^iss is/)),
  row('an id_token whose audience is the access token', p => ({ aud: [p.accessToken, p.codeVerifier] }), no(/^aud is/)),
  row('an id_token that was asked for by the code', p => ({ azp: p.login.code }), no(/^azp is/)),
  // for whom
  row('an id_token for another client', { aud: 'another' }, no(/^aud is "another"/)),
  row('an id_token for nobody', { aud: undefined }, no(/^aud is missing/)),
  row('an id_token for a client whose name begins like ours', { aud: 'gate2' }, no(/^aud/)),
  row('an id_token for a client whose name is ours in capitals', { aud: 'GATE' }, no(/^aud/)),
  row('an id_token for an empty list', { aud: [] }, no(/^aud is \[\]/)),
  row('an id_token whose audience is an object with our name', { aud: { gate: true } }, no(/^aud/)),
  row('an id_token whose audience is a list in a list', { aud: [['gate']] }, no(/^aud/)),
  row('an id_token for us and another, and nobody is said to have asked', { aud: ['gate', 'another'] }, no(/^azp is missing/)),
  row('an id_token for us and another, and another had asked', { aud: ['gate', 'another'], azp: 'another' }, no(/^azp is "another"/)),
  row('an id_token for us that another client had asked for', { azp: 'another' }, no(/^azp is "another"/)),
  row('an id_token whose azp is null', { azp: null }, no(/^azp is null/)),
  row('an id_token whose azp is a list', { azp: ['gate'] }, no(/^azp is \["gate"\]/)),
  row('an id_token for us and another, and we had asked', { aud: ['another', 'gate'], azp: 'gate' }, admitted()),
  row('an id_token for a list of us alone', { aud: ['gate'] }, admitted()),
  // of whom
  row('an id_token of nobody', { sub: undefined }, no(/^sub is missing, empty or no text/)),
  row('an id_token of an empty name', { sub: '' }, no(/^sub/)),
  row('an id_token of a number', { sub: 1 }, no(/^sub/)),
  row('an id_token of an object', { sub: { $gt: '' } }, no(/^sub/)),
  row('an id_token of a list with one name', { sub: ['ada-1'] }, no(/^sub/)),
  row('an id_token of null', { sub: null }, no(/^sub/)),
  row('an id_token of true', { sub: true }, no(/^sub/)),
  // when
  row('an id_token without an end', { exp: undefined }, no(/^exp is missing or not a number/)),
  row('an id_token that ended a minute ago', ({ now }) => ({ iat: now - 600, exp: now - 60 }), no(/^exp is in the past/, 'GATE_CLOCK_OFF')),
  row('an id_token that was made to end before now', ({ now }) => ({ exp: now - 61 }), no(/^exp is in the past, though the token is new/)),
  row('an id_token that ended in 1970', { exp: 0 }, no(/^exp is in the past/)),
  row('an id_token whose end is negative', { exp: -1 }, no(/^exp is in the past/)),
  row('an id_token whose end is a text', ({ now }) => ({ exp: String(now + 3600) }), no(/^exp is missing or not a number/)),
  row('an id_token whose end is null', { exp: null }, no(/^exp/)),
  row('an id_token whose end is true', { exp: true }, no(/^exp/)),
  row('an id_token whose end is a list', ({ now }) => ({ exp: [now + 3600] }), no(/^exp/)),
  row('an id_token whose end is a number with a fraction', ({ now }) => ({ exp: now + 3600.5 }), admitted()),
  row('an id_token that ends after the sun does', { exp: 1e300 }, admitted()),
  row('an id_token whose end overflows when it becomes milliseconds', { exp: 1.7e308 }, admitted()),
  row('an id_token of 59 seconds ago, within what clocks may differ by', ({ now }) => ({ iat: now - 60, exp: now - 59 }), admitted()),
  row('an id_token that does not say when it was made', { iat: undefined }, no(/^iat is missing/)),
  row('an id_token of tomorrow', ({ now }) => ({ iat: now + 86_400, exp: now + 90_000 }), no(/^iat is in the future, by 86\d{3} s/, 'GATE_CLOCK_OFF')),
  row('an id_token of in 61 seconds', ({ now }) => ({ iat: now + 62 }), no(/^iat is in the future/, 'GATE_CLOCK_OFF')),
  row('an id_token that was made at a text', { iat: 'now' }, no(/^iat/)),
  row('an id_token that was made at 1e300', { iat: 1e300 }, no(/^iat is in the future/, 'GATE_CLOCK_OFF')),
  row('an id_token that was made before 1970, and ends in time', { iat: -5 }, admitted()),
  row('an id_token that does not count yet', ({ now }) => ({ nbf: now + 120 }), no(/^nbf is in the future/, 'GATE_CLOCK_OFF')),
  row('an id_token that counts from a text on', { nbf: '0' }, no(/^nbf/)),
  row('an id_token that counts from null on', { nbf: null }, no(/^nbf/)),
  row('an end of the session that is no time', { session_expiry: 'never' }, no(/^session_expiry/)),
  row('a time of the sign-in that is no time, which nobody asked for', { auth_time: 'yesterday' }, admitted()),
  // of this login
  row('an id_token without the nonce', { nonce: undefined }, no(/^nonce is missing/)),
  row('an id_token with another nonce', { nonce: 'another' }, no(/^nonce is not the one of this sign-in/)),
  row('an id_token with an empty nonce', { nonce: '' }, no(/^nonce/)),
  row('an id_token whose nonce is a list with ours', ({ login }) => ({ nonce: [login.nonce] }), no(/^nonce/)),
  row('an id_token whose nonce is an object', ({ login }) => ({ nonce: { [login.nonce]: 1 } }), no(/^nonce/)),
  row('an id_token whose nonce is ours with something behind', ({ login }) => ({ nonce: `${login.nonce} ` }), no(/^nonce/)),
  { another: true, ...row('nonce replay: the id_token has the nonce of another login', ({ logins }) => ({ nonce: logins.at(-2)?.nonce ?? 'none before' }), no(/^nonce is not the one/)) },
  row('the state in place of the nonce', ({ login }) => ({ nonce: login.state }), no(/^nonce/)),
  // for this access token
  row('token substitution: an at_hash of another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, no(/^at_hash/)),
  row('an at_hash that is a number', { at_hash: 7 }, no(/^at_hash/)),
  row('an empty at_hash', { at_hash: '' }, no(/^at_hash/)),
  row('an at_hash that fits', ({ accessToken }) => ({ at_hash: hash('sha256', accessToken, 'buffer').subarray(0, 16).toString('base64url') }), admitted()),
  { title: 'an end of the session in the past', does: { claims: ({ now }) => ({ session_expiry: now - 100 }) }, expects: refused('GATE_ID_TOKEN_INVALID', /^session_expiry/, 'token user') }
]
