import { EMAILS, type IdentityCase } from './case.ts'

const nick = { loginAttributePath: 'nick' }
const full = { nameAttributePath: 'full' }

/** Reference 2.4: the field, the path, username; after all sources the address. */
export const login: readonly IdentityCase[] = [
  { what: 'login: without a setting the file of the provider decides', userinfo: { preferred_username: 'ida', login: 'l', username: 'u' }, expected: { login: 'ida' } },
  { what: 'login: the field before the path', settings: nick, userinfo: { login: 'ida', nick: 'n' }, expected: { login: 'ida' } },
  { what: 'login: the field before username', settings: nick, userinfo: { login: 'ida', username: 'u' }, expected: { login: 'ida' } },
  { what: 'login: the path before username', settings: nick, userinfo: { username: 'u', nick: 'n' }, expected: { login: 'n' } },
  { what: 'login: username after the path', settings: nick, userinfo: { username: 'u' }, expected: { login: 'u' } },
  { what: 'login: username where the path leads to a list', settings: nick, userinfo: { nick: ['n'], username: 'u' }, expected: { login: 'u' } },
  { what: 'login: the path where the field is empty', settings: nick, userinfo: { login: '', nick: 'n' }, expected: { login: 'n' } },
  { what: 'login: the path where the field is a number', settings: nick, userinfo: { login: 7, nick: 'n' }, expected: { login: 'n' } },
  { what: 'login: the path where the field is blank', settings: nick, userinfo: { login: '\t', nick: 'n' }, expected: { login: 'n' } },
  { what: 'login: a path to a number is none', settings: nick, userinfo: { nick: 7 }, expected: { login: undefined } },
  { what: 'login: unless it is made a text', settings: { loginAttributePath: 'to_string(nick)' }, userinfo: { nick: 7 }, expected: { login: '7' } },
  { what: 'login: preferred_username only where a path names it', settings: nick, userinfo: { preferred_username: 'ida', email: 'i@x.io' }, expected: { login: 'i@x.io' } },
  { what: 'login: where a path names it', settings: { loginAttributePath: 'preferred_username' }, userinfo: { preferred_username: 'ida', email: 'i@x.io' }, expected: { login: 'ida' } },
  { what: 'login: the id_token’s username before userinfo’s field', settings: nick, idToken: { username: 'u' }, userinfo: { login: 'l' }, expected: { login: 'u' } },
  { what: 'login: userinfo’s username before the access token’s field', settings: nick, userinfo: { username: 'u' }, accessToken: { login: 'l' }, expected: { login: 'u' } },
  { what: 'login: the access token’s before the address', settings: nick, userinfo: { email: 'i@x.io' }, accessToken: { login: 'l' }, expected: { login: 'l' } },
  { what: 'login: the address where nothing else is', settings: nick, userinfo: { email: 'i@x.io' }, expected: { login: 'i@x.io', email: 'i@x.io' } },
  { what: 'login: the address that another setting found', settings: { ...nick, emailAttributePath: 'mail' }, userinfo: { mail: 'b@x.io' }, expected: { login: 'b@x.io' } },
  { what: 'login: the address of the list', settings: { ...nick, emailAttributePath: 'mail' }, emails: [{ email: 'l@x.io', primary: true }], asked: [EMAILS], expected: { login: 'l@x.io' } },
  { what: 'login: never an address that is not verified', settings: nick, userinfo: { email: 'i@x.io', email_verified: false }, expected: { login: undefined, email: undefined } },
  { what: 'login: unless the operator believes it', settings: { ...nick, allowUnverifiedEmail: true }, userinfo: { email: 'i@x.io', email_verified: false }, expected: { login: 'i@x.io', email: 'i@x.io' } },
  { what: 'login: nothing at all', settings: nick, expected: { login: undefined } },
  { what: 'login: letters of all the world', settings: nick, userinfo: { login: 'Ζωή 🦉' }, expected: { login: 'Ζωή 🦉' } },
  { what: 'login: a percent sign', settings: nick, userinfo: { login: '100%41' }, expected: { login: '100%41' } }
]

/** Reference 2.5: the path, the field, display_name, and nothing in their place. */
export const name: readonly IdentityCase[] = [
  { what: 'name: without a setting the file of the provider decides', userinfo: { name: 'Ida', display_name: 'D' }, expected: { name: 'Ida' } },
  { what: 'name: the path before the field', settings: full, userinfo: { name: 'Ida', full: 'Ida Rhodes' }, expected: { name: 'Ida Rhodes' } },
  { what: 'name: the field after the path', settings: full, userinfo: { name: 'Ida', display_name: 'D' }, expected: { name: 'Ida' } },
  { what: 'name: the field where the path leads to a number', settings: full, userinfo: { full: 7, name: 'Ida' }, expected: { name: 'Ida' } },
  { what: 'name: the field where the path leads to an empty text', settings: full, userinfo: { full: '', name: 'Ida' }, expected: { name: 'Ida' } },
  { what: 'name: display_name last', settings: full, userinfo: { display_name: 'D' }, expected: { name: 'D' } },
  { what: 'name: display_name where the field is a list', settings: full, userinfo: { name: ['Ida'], display_name: 'D' }, expected: { name: 'D' } },
  { what: 'name: the id_token’s display_name before what the path finds in userinfo', settings: full, idToken: { display_name: 'D' }, userinfo: { full: 'Ida Rhodes' }, expected: { name: 'D' } },
  { what: 'name: userinfo where the id_token’s is blank', settings: full, idToken: { name: '  ' }, userinfo: { name: 'Ida' }, expected: { name: 'Ida' } },
  { what: 'name: the access token last', settings: full, accessToken: { full: 'Ida Rhodes' }, expected: { name: 'Ida Rhodes' } },
  { what: 'name: neither login nor address in its place', settings: full, userinfo: { login: 'ida', email: 'i@x.io' }, expected: { name: undefined } },
  { what: 'name: joined', settings: { nameAttributePath: 'join(\' \', [given, family])' }, userinfo: { given: 'Ida', family: 'Rhodes' }, expected: { name: 'Ida Rhodes' } },
  { what: 'name: a path that fails in the id_token', settings: { nameAttributePath: 'join(\' \', [given, family])' }, idToken: { given: 'Ida' }, userinfo: { given: 'Ida', family: 'Rhodes' }, expected: { name: 'Ida Rhodes' } },
  { what: 'name: letters of all the world', settings: full, userinfo: { full: 'Ѓорѓи Łukasz 世界 👩🏽‍🔬' }, expected: { name: 'Ѓорѓи Łukasz 世界 👩🏽‍🔬' } },
  { what: 'name: a comma and a percent sign', settings: full, userinfo: { full: 'Rhodes, Ida (50 %)' }, expected: { name: 'Rhodes, Ida (50 %)' } },
  { what: 'name: a quote that is no path’s business', settings: full, userinfo: { full: 'Ida "I" O\'Rhodes' }, expected: { name: 'Ida "I" O\'Rhodes' } }
]

/** Reference 2.5, its last sentence, where we hold on to more: nobody comes in without a subject, and without what they are called. */
export const user: readonly IdentityCase[] = [
  { what: 'subject: the id_token’s', idToken: { sub: 's-7' }, expected: { subject: 's-7', user: 's-7' } },
  { what: 'subject: userinfo’s, where there is no id_token', userinfo: { sub: 's-8' }, expected: { subject: 's-8' } },
  { what: 'subject: a number is written out', userinfo: { sub: 12 }, expected: { subject: '12' } },
  { what: 'subject: id, of a plain OAuth server', settings: { oauthJwtUser: 'name' }, userinfo: { sub: undefined, id: 4711, name: 'Ida' }, expected: { subject: '4711', user: 'Ida' } },
  { what: 'subject: none', settings: { oauthJwtUser: 'name' }, userinfo: { sub: undefined, name: 'Ida' }, expected: 'GATE_USER_MISSING' },
  { what: 'subject: an access token brings none', settings: { oauthJwtUser: 'name' }, userinfo: { sub: undefined, name: 'Ida' }, accessToken: { sub: 's-9' }, expected: 'GATE_USER_MISSING' },
  { what: 'subject: one that breaks a line', userinfo: { sub: 's\n1' }, expected: 'GATE_USER_MISSING' },
  { what: 'user: the address that was mapped', settings: { oauthJwtUser: 'email', emailAttributePath: 'mail' }, userinfo: { mail: 'b@x.io' }, expected: { user: 'b@x.io', subject: 's-1' } },
  { what: 'user: an address that is not verified calls nobody', settings: { oauthJwtUser: 'email', emailAttributePath: 'mail' }, userinfo: { email: 'i@x.io', email_verified: false }, expected: 'GATE_USER_MISSING' },
  { what: 'user: another claim', settings: { oauthJwtUser: 'employee' }, userinfo: { employee: 'e-3' }, expected: { user: 'e-3' } },
  { what: 'user: another claim that is not there', settings: { oauthJwtUser: 'employee' }, expected: 'GATE_USER_MISSING' },
  { what: 'user: another claim that is an object', settings: { oauthJwtUser: 'employee' }, userinfo: { employee: { id: 'e-3' } }, expected: 'GATE_USER_MISSING' },
  { what: 'user: a mapped login does not change it', settings: { loginAttributePath: 'nick' }, userinfo: { nick: 'n' }, expected: { user: 's-1', login: 'n' } }
]
