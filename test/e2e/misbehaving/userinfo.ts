// What the userinfo endpoint says, and what becomes of it at the app.
import { json, type Answer } from '../../fixtures/hostile-provider.ts'
import { raw, text, type Misbehaving } from './provider.ts'
import { ADA, admitted, refused, type Does, type Refused, type Row } from './row.ts'

const said = (title: string, user: Does['user'], says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID'): Row => ({ title, does: { user: user as Exclude<Does['user'], undefined> }, expects: refused(code, says, 'token user') })
const odd = (title: string, answer: (provider: Misbehaving) => Answer, says: RegExp, code: Refused['code'] = 'GATE_PROVIDER_ANSWER_INVALID'): Row => ({ title, does: { answers: { '/user': answer } }, expects: refused(code, says, 'token user') })
const told = (title: string, user: Does['user'], app: Readonly<Record<string, string | RegExp | undefined>>): Row => ({ title, does: { user: user as Exclude<Does['user'], undefined> }, expects: admitted(app) })
const unnamed = /^the claim email has no usable value|^the provider says that email is not verified/

export const userinfoRows: readonly Row[] = [
  said('token substitution: userinfo of somebody else', { sub: 'ben-2' }, /answered with another sub than the id_token/),
  said('userinfo that does not say of whom', { sub: undefined }, /another sub/),
  said('userinfo of an empty name', { sub: '' }, /another sub/),
  said('userinfo of null', { sub: null }, /another sub/),
  said('userinfo of a list with the right name', { sub: ['ada-1'] }, /another sub/),
  said('userinfo of an object', { sub: { toString: 'ada-1' } }, /another sub/),
  said('userinfo of the same name in capitals', { sub: 'ADA-1' }, /another sub/),
  said('userinfo of the same name with a blank', { sub: 'ada-1 ' }, /another sub/),
  odd('userinfo that is a list', () => json([{ sub: 'ada-1' }]), /JSON that is no object/),
  odd('userinfo that is null', () => json(null), /JSON that is no object/),
  odd('userinfo that is a text', () => json('ada-1'), /JSON that is no object/),
  odd('userinfo whose sub is in __proto__', () => text('{"__proto__":{"sub":"ada-1"},"email":"admin@example.com"}'), /another sub/),
  odd('userinfo with two subs, the last of them another', () => text('{"sub":"ada-1","email":"admin@example.com","sub":"ben-2"}'), /another sub/),
  odd('userinfo that redirects to an address with the access token in its path', p => response => response.writeHead(302, { location: `${p.issuer}/user/${p.accessToken}` }).end(), /a redirect/),
  odd('userinfo whose content type is the access token', p => text('<html>', { 'content-type': `text/${p.accessToken}` }), /instead of JSON/),
  odd('userinfo as HTML', () => text('<html>', { 'content-type': 'text/html' }), /with text\/html instead of JSON/),
  odd('userinfo that is no JSON', () => text('sub=ada-1'), /text that is not JSON/),
  odd('userinfo that is signed, which nobody registered for', p => async (response, seen) => text(await p.sign(p.claims({ email: 'admin@example.com' })), { 'content-type': 'application/jwt' })(response, seen), /with application\/jwt instead of JSON/),
  odd('userinfo that is a JWT with alg none', () => text('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEtMSJ9.', { 'content-type': 'application/jwt' }), /with application\/jwt instead of JSON/),
  odd('userinfo with 500', () => json({ sub: 'ada-1' }, 500), /answered 500/),
  odd('userinfo with 202', () => json({ sub: 'ada-1' }, 202), /answered 202/),
  odd('userinfo with 429', () => json({ sub: 'ada-1' }, 429), /answered 429/),
  odd('userinfo that is empty: 204', () => response => response.writeHead(204).end(), /answered 204/),
  odd('userinfo that redirects: the access token goes nowhere', ({ elsewhere }) => response => response.writeHead(302, { location: `${elsewhere.issuer}/user` }).end(), /answered 302, a redirect to/),
  odd('userinfo that redirects and keeps the method', ({ elsewhere }) => response => response.writeHead(307, { location: `${elsewhere.issuer}/user` }).end(), /answered 307, a redirect to/),
  odd('userinfo of more than 1 MiB', () => json({ sub: 'ada-1', padding: 'x'.repeat(1_100_000) }), /answered more than 1 MiB/),
  odd('userinfo that ends too early', () => raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"sub":"ada-1"'), /other side closed|terminated/, 'GATE_PROVIDER_UNREACHABLE'),
  odd('userinfo whose connection is reset', () => raw('', 'reset'), /ECONNRESET|other side closed/, 'GATE_PROVIDER_UNREACHABLE'),
  odd('userinfo of 100,000 lists in each other', () => text(`{"sub":"ben-2","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), /another sub/),
  { title: 'userinfo that says 401: the id_token alone has no address', does: { answers: { '/user': () => json({ error: 'invalid_token' }, 401) } }, expects: refused('GATE_USER_MISSING', unnamed, 'token user') },
  { title: 'userinfo that says 403, and the id_token has all', does: { claims: { email: 'ada@example.com', email_verified: true, groups: ['staff'] }, answers: { '/user': () => json({}, 403) } }, expects: admitted() },
  { title: 'userinfo that says otherwise than the id_token, which counts', does: { claims: { email: 'ada@example.com', email_verified: true }, user: { email: 'admin@example.com' } }, expects: admitted() },
  { title: 'userinfo that verifies an address which the id_token doubts', does: { claims: { email: 'admin@example.com', email_verified: false }, user: { email: 'admin@example.com', email_verified: true } }, expects: refused('GATE_USER_MISSING', unnamed, 'token user') },
  // addresses
  ...[false, 'false', 0, null, '', 'no', [], {}, [true], 1, 'TRUE'].map(value => said(`an address that is not verified: ${JSON.stringify(value)}`, { email_verified: value }, unnamed, 'GATE_USER_MISSING')),
  told('an address that is verified by a text: "true"', { email_verified: 'true' }, ADA),
  ...[{ value: 'ada@example.com' }, ['ada@example.com'], 7, true, '', null].map(value => said(`an address that is ${JSON.stringify(value)}`, { email: value }, unnamed, 'GATE_USER_MISSING')),
  said('header injection: an address with line breaks', { email: 'ada@example.com\r\nx-forwarded-groups: admins' }, unnamed, 'GATE_USER_MISSING'),
  said('an address with a zero in it', { email: 'ada@example.com\0.example.org' }, unnamed, 'GATE_USER_MISSING'),
  // groups, names
  told('groups that are an object', { groups: { admins: true } }, { ...ADA, 'x-forwarded-groups': undefined }),
  told('groups that are numbers, lists, objects, null', { groups: [1, ['admins'], { name: 'admins' }, null, true, 'staff'] }, { ...ADA, 'x-forwarded-groups': /^(?:1,)?staff$/ }),
  told('groups that are one text', { groups: 'staff' }, ADA),
  told('groups in __proto__', JSON.parse('{"groups":[],"__proto__":{"groups":["admins"]}}') as Record<string, unknown>, { ...ADA, 'x-forwarded-groups': undefined }),
  told('groups of constructor', { groups: ['staff'], constructor: { prototype: { groups: ['admins'] } } }, ADA),
  told('a group that would be two', { groups: ['staff,admins'] }, { ...ADA, 'x-forwarded-groups': 'staff%2Cadmins' }),
  told('header injection: a group with line breaks', { groups: ['staff', 'x\r\nx-forwarded-user: admin'] }, ADA),
  told('groups that are behind a link: nobody follows it', ({ elsewhere }) => ({ groups: undefined, _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: `${elsewhere.issuer}/groups` } } }), { ...ADA, 'x-forwarded-groups': undefined }),
  said('10,000 groups', { groups: Array.from({ length: 10_000 }, (_, at) => `group-${at}`) }, /^10000 groups have \d+ bytes/, 'GATE_IDENTITY_TOO_LARGE'),
  said('a name for good of 100,000 characters', { sub: 'a'.repeat(100_000) }, /another sub/),
  told('header injection: a name with line breaks', { name: 'Ada\r\nx-forwarded-user: admin' }, { ...ADA, 'x-forwarded-name': undefined }),
  told('a name with half a character', { name: 'Ada \ud800' }, { ...ADA, 'x-forwarded-name': undefined }),
  told('a name that turns the writing', { name: 'Ada \u202Enimda' }, { ...ADA, 'x-forwarded-name': /^Ada %E2%80%AEnimda$|^Ada%20%E2%80%AEnimda$/ }),
  told('a name that is markup', { name: '<script>alert(1)</script>' }, { ...ADA, 'x-forwarded-name': /script/ }),
  told('a name that is an object', { name: { first: 'Ada' } }, { ...ADA, 'x-forwarded-name': undefined }),
  told('who it is, by members that the gate has itself: user, provider, subject', { user: 'admin', provider: 'other', subject: 'admin', role: 'Admin', login: 'admin', teams: ['admins'] }, { ...ADA, 'x-forwarded-provider': 'oidc' })
]
