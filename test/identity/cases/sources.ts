import type { IdentityCase, Json } from './case.ts'

const all = { emailAttributePath: 'mail', loginAttributePath: 'nick', nameAttributePath: 'full', groupsAttributePath: 'g', roleAttributePath: 'role' }
const deep = (levels: number): unknown => levels === 0 ? 'Admin' : [deep(levels - 1)]
const own = (name: string, value: unknown): Json => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as Json

/** Reference 2.2: id_token, userinfo, JWT access token; each field on its own from the first that has it. */
export const sources: readonly IdentityCase[] = [
  { what: 'sources: each field from its own', settings: all, idToken: { role: 'Editor' }, userinfo: { g: ['a'], nick: 'n' }, accessToken: { mail: 'b@x.io', full: 'Ida' }, expected: { role: 'Editor', groups: ['a'], login: 'n', email: 'b@x.io', name: 'Ida' } },
  { what: 'sources: all from the id_token', settings: all, idToken: { role: 'Editor', g: ['a'], nick: 'n', mail: 'b@x.io', full: 'Ida' }, userinfo: { role: 'Admin', g: ['z'], nick: 'z', mail: 'z@x.io', full: 'Z' }, expected: { role: 'Editor', groups: ['a'], login: 'n', email: 'b@x.io', name: 'Ida' } },
  { what: 'sources: all from userinfo', settings: all, userinfo: { role: 'Editor', g: ['a'], nick: 'n', mail: 'b@x.io', full: 'Ida' }, accessToken: { role: 'Admin', g: ['z'], nick: 'z', mail: 'z@x.io', full: 'Z' }, expected: { role: 'Editor', groups: ['a'], login: 'n', email: 'b@x.io', name: 'Ida' } },
  { what: 'sources: all from the access token', settings: all, accessToken: { role: 'Editor', g: ['a'], nick: 'n', mail: 'b@x.io', full: 'Ida' }, expected: { role: 'Editor', groups: ['a'], login: 'n', email: 'b@x.io', name: 'Ida' } },
  { what: 'sources: nothing anywhere', settings: all, idToken: {}, expected: { role: 'Viewer', groups: [], login: undefined, email: undefined, name: undefined } },
  { what: 'sources: a setting leaves the other fields to the file', settings: { roleAttributePath: 'role' }, userinfo: { name: 'Ida', preferred_username: 'ida', email: 'i@x.io', groups: ['x'], role: 'admin' }, expected: { name: 'Ida', login: 'ida', email: 'i@x.io', groups: ['x'], role: 'Admin' } },
  { what: 'sources: without a setting, too, each claim from the first that has it', idToken: { name: '', preferred_username: 'ida' }, userinfo: { name: 'Ida', preferred_username: 'z' }, accessToken: { groups: ['c'] }, expected: { name: 'Ida', login: 'ida', groups: ['c'] } },
  // an access token is a source only of the same person
  { what: 'sources: an access token of the same subject', settings: all, idToken: { sub: 's-5' }, accessToken: { sub: 's-5', role: 'admin' }, expected: { role: 'Admin' } },
  { what: 'sources: an access token without a subject', settings: all, accessToken: { sub: undefined, role: 'admin' }, expected: { role: 'Admin' } },
  { what: 'sources: an access token of another subject is none', settings: all, idToken: { sub: 's-5' }, accessToken: { sub: 's-6', role: 'admin', g: ['boss'], mail: 'ceo@x.io' }, expected: { role: 'Viewer', groups: [], email: undefined } },
  { what: 'sources: an access token whose subject is a number is none', settings: all, userinfo: { sub: '12' }, accessToken: { sub: 12, role: 'admin' }, expected: { role: 'Admin' } },
  { what: 'sources: an access token whose subject is null is none', settings: all, accessToken: { sub: null, role: 'admin' }, expected: { role: 'Viewer' } },
  { what: 'sources: an access token of another subject does not doubt either', settings: all, userinfo: { email: 'i@x.io' }, accessToken: { sub: 's-6', email_verified: false }, expected: { email: 'i@x.io' } },
  // one field of another type than it should be is one field that is not there (where Grafana leaves out the whole source)
  { what: 'sources: an email that is a number does not hide the rest', settings: all, userinfo: { email: 5, mail: 'b@x.io', role: 'admin', g: ['a'] }, expected: { email: 'b@x.io', role: 'Admin', groups: ['a'] } },
  { what: 'sources: a subject that is a number does not hide the rest', settings: all, userinfo: { sub: 12, mail: 'b@x.io', role: 'admin' }, expected: { subject: '12', email: 'b@x.io', role: 'Admin' } },
  { what: 'sources: a name that is an object does not hide the rest', settings: all, idToken: { name: { first: 'Ida' }, login: ['x'], nick: 'n', role: 'admin' }, expected: { name: undefined, login: 'n', role: 'Admin' } },
  { what: 'sources: attributes of another type do not hide the rest', settings: all, userinfo: { attributes: { 'email:primary': 'd@x.io' }, role: 'admin', upn: 'u@x.io' }, expected: { email: 'u@x.io', role: 'Admin' } },
  { what: 'sources: a field that is null does not hide the rest', settings: all, userinfo: { email: null, login: null, name: null, upn: 'u@x.io', nick: 'n', full: 'Ida' }, expected: { email: 'u@x.io', login: 'n', name: 'Ida' } },
  // names are exact (where Grafana takes any case)
  { what: 'sources: no field by another spelling', settings: all, userinfo: { EMAIL: 'i@x.io', Login: 'l', USERNAME: 'u', NAME: 'N', Display_Name: 'D', UPN: 'u@x.io', Attributes: { 'email:primary': ['d@x.io'] }, Role: 'Admin', G: ['a'] }, expected: { email: undefined, login: undefined, name: undefined, role: 'Viewer', groups: [] } },
  { what: 'sources: another spelling does not take the place of the right one', settings: all, userinfo: { email: 'i@x.io', EMAIL: 'ceo@x.io' }, expected: { email: 'i@x.io' } },
  { what: 'sources: not even where it comes first', settings: all, userinfo: { EMAIL: 'ceo@x.io', email: 'i@x.io' }, expected: { email: 'i@x.io' } },
  // no claim is taken for what every object has, and none becomes a prototype
  ...['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__'].map((name): IdentityCase => (
    { what: `sources: a claim ${name} does nothing`, settings: all, idToken: own(name, { role: 'Admin', g: ['boss'], mail: 'ceo@x.io', nick: 'ceo', email: 'ceo@x.io' }), userinfo: { mail: 'b@x.io' }, expected: { email: 'b@x.io', role: 'Viewer', groups: [], login: 'b@x.io' } }
  )),
  { what: 'sources: merge() smuggles nothing in', settings: { roleAttributePath: 'merge(@, more).role', roleAttributeStrict: true }, userinfo: { more: own('__proto__', { role: 'Admin' }) }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'sources: a path to what every object has finds nothing', settings: { roleAttributePath: 'constructor.name || toString || \'Viewer\'', groupsAttributePath: 'constructor', nameAttributePath: 'constructor.name' }, expected: { role: 'Viewer', groups: [], name: undefined } },
  { what: 'sources: nor is it true', settings: { roleAttributePath: 'toString && \'Admin\'', roleAttributeStrict: true }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'sources: a claim of such a name is one like any other', settings: { roleAttributePath: 'constructor' }, userinfo: { constructor: 'admin' }, expected: { role: 'Admin' } },
  // sizes
  { what: 'sources: as deep as claims may be', settings: { roleAttributePath: `deep${'[0]'.repeat(60)}`, roleAttributeStrict: true }, userinfo: { deep: deep(60) }, expected: { role: 'Admin' } },
  { what: 'sources: deeper ones are none for an expression', settings: { roleAttributePath: 'role', roleAttributeStrict: true }, userinfo: { role: 'Admin', deep: deep(200) }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'sources: and the next one is asked', settings: { roleAttributePath: 'role', roleAttributeStrict: true }, idToken: { role: 'Admin', deep: deep(200) }, userinfo: { role: 'Editor' }, expected: { role: 'Editor' } },
  { what: 'sources: what has a name of its own is read even so', settings: all, userinfo: { email: 'i@x.io', deep: deep(200) }, expected: { email: 'i@x.io', groups: [], role: 'Viewer' } },
  { what: 'sources: more values than any honest claims have', settings: { roleAttributePath: 'role', roleAttributeStrict: true }, userinfo: { role: 'Admin', many: Array.from({ length: 100_001 }, () => 0) }, expected: 'GATE_ACCESS_DENIED' }
]
