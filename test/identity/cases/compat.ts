import { EMAILS, type IdentityCase } from './case.ts'

const mail = { emailAttributePath: 'mail', grafanaCompat: true }
const all = { ...mail, loginAttributePath: 'nick', nameAttributePath: 'full', groupsAttributePath: 'g', roleAttributePath: 'role' }
const byGroup = { roleAttributePath: 'contains(groups[*], \'boss\') && \'Admin\' || \'Viewer\'' }
const odd = { ...byGroup, grafanaCompat: true }
const spelled = 'it is the quirk: the last spelling counts'

/** Reference 2.2 and 2.6, step 3b: Grafana's three quirks, each with `grafana-compat` and without. */
export const compat: readonly IdentityCase[] = [
  // names in any case, of which the last spelling counts
  { what: 'compat: names in any case', settings: all, userinfo: { EMAIL: 'i@x.io', Login: 'l', Display_Name: 'D' }, expected: { email: 'i@x.io', login: 'l', name: 'D' } },
  { what: 'compat: attributes and upn too', settings: mail, idToken: { Attributes: { 'email:primary': ['d@x.io'] } }, userinfo: { UPN: 'u@x.io' }, expected: { email: 'd@x.io' } },
  { what: 'compat: but not the names within the attributes', settings: mail, userinfo: { attributes: { 'EMAIL:primary': ['d@x.io'] }, Upn: 'u@x.io' }, expected: { email: 'u@x.io' } },
  { what: 'compat: the last spelling counts', settings: mail, userinfo: { email: 'i@x.io', EMAIL: 'j@x.io' }, ordered: spelled, expected: { email: 'j@x.io' } },
  { what: 'compat: whichever it is', settings: mail, userinfo: { EMAIL: 'j@x.io', email: 'i@x.io' }, ordered: spelled, expected: { email: 'i@x.io' } },
  { what: 'compat: expressions know one spelling', settings: all, userinfo: { NICK: 'n', Role: 'Admin', G: ['a'] }, expected: { login: undefined, role: 'Viewer', groups: [] } },
  { what: 'compat: a doubt in any spelling is one', settings: mail, userinfo: { email: 'i@x.io', Email_Verified: false }, asked: [], expected: { email: undefined } },
  { what: 'compat: and no spelling after it takes it away', settings: mail, userinfo: { email: 'i@x.io', email_verified: false, EMAIL_VERIFIED: true }, asked: [], expected: { email: undefined } },
  { what: 'compat: without it a doubt has its one name', settings: { emailAttributePath: 'mail' }, userinfo: { email: 'i@x.io', Email_Verified: false }, expected: { email: 'i@x.io' } },
  // a source with one field of another type is left out whole
  ...([
    ['sub', 12], ['email', 5], ['login', ['l']], ['username', { u: 1 }], ['name', true], ['display_name', 0], ['upn', []], ['attributes', 7], ['attributes', ['d@x.io']], ['attributes', { mail: 'd@x.io' }], ['attributes', { mail: [7] }], ['EMAIL', 5]
  ] as const).flatMap(([field, value]): IdentityCase[] => [
    { what: `compat: ${field} as ${JSON.stringify(value)} has the whole source left out`, settings: all, userinfo: { mail: 'b@x.io', nick: 'n', full: 'Ida', g: ['a'], role: 'admin', [field]: value }, expected: { email: undefined, login: undefined, name: undefined, groups: [], role: 'Viewer' } },
    { what: `compat: without it ${field} as ${JSON.stringify(value)} is one field that is not there`, settings: { ...all, grafanaCompat: false }, userinfo: { mail: 'b@x.io', nick: 'n', full: 'Ida', g: ['a'], role: 'admin', [field]: value }, expected: { email: 'b@x.io', login: 'n', name: 'Ida', groups: ['a'], role: 'Admin' } }
  ]),
  { what: 'compat: null and empty fields leave nothing out', settings: all, userinfo: { email: null, name: '', attributes: null, mail: 'b@x.io', role: 'admin' }, expected: { email: 'b@x.io', role: 'Admin' } },
  { what: 'compat: nor does a field that Grafana does not know', settings: all, userinfo: { role: 'admin', groups: 7, id: 4, locale: [] }, expected: { role: 'Admin' } },
  { what: 'compat: the next source is asked instead', settings: all, idToken: { email: 5, role: 'admin', nick: 'n' }, userinfo: { role: 'editor', email: 'i@x.io' }, expected: { role: 'Editor', login: 'i@x.io', email: 'i@x.io' } },
  { what: 'compat: strict refuses where no source is left', settings: { roleAttributePath: 'role', roleAttributeStrict: true, grafanaCompat: true }, userinfo: { role: 'admin', name: 5 }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'compat: the address of a source that is left out does not come by another way', settings: mail, userinfo: { sub: 12, email: 'i@x.io' }, asked: [EMAILS], expected: { email: undefined } },
  { what: 'compat: but by the list of addresses', settings: mail, userinfo: { sub: 12, email: 'i@x.io' }, emails: [{ email: 'l@x.io', primary: true }], asked: [EMAILS], expected: { email: 'l@x.io' } },
  { what: 'compat: a source that is left out still doubts', settings: mail, idToken: { email: 'i@x.io' }, userinfo: { name: 5, email_verified: false }, asked: [], expected: { email: undefined } },
  { what: 'compat: an id_token whose subject is a number is left out', settings: all, idToken: { sub: 12, role: 'admin' }, userinfo: { sub: '12', role: 'editor' }, unplayable: 'an id_token with such a subject is refused before anybody maps it', expected: { role: 'Editor' } },
  // 3b: the same path on a list of groups that is not there
  { what: 'compat: an expression that fails on the id_token succeeds on no groups at all', settings: odd, idToken: {}, userinfo: { groups: ['boss'] }, expected: { role: 'Viewer' } },
  { what: 'compat: without it userinfo is reached', settings: byGroup, idToken: {}, userinfo: { groups: ['boss'] }, expected: { role: 'Admin' } },
  { what: 'compat: the id_token’s own groups count', settings: odd, idToken: { groups: ['boss'] }, expected: { role: 'Admin' } },
  { what: 'compat: without a default branch userinfo is reached', settings: { roleAttributePath: 'contains(groups[*], \'boss\') && \'Admin\'', grafanaCompat: true }, idToken: {}, userinfo: { groups: ['boss'] }, expected: { role: 'Admin' } },
  { what: 'compat: with a claim of another name too', settings: { roleAttributePath: 'contains(units[*], \'boss\') && \'Admin\' || \'Viewer\'', grafanaCompat: true }, idToken: {}, userinfo: { units: ['boss'] }, expected: { role: 'Admin' } },
  { what: 'compat: not tried after a text that is no role', settings: { roleAttributePath: 'role || (length(groups) == `0` && \'Editor\')', grafanaCompat: true }, idToken: { role: 'Owner' }, userinfo: { role: 'Admin' }, expected: { role: 'Admin' } },
  { what: 'compat: tried after another type', settings: { roleAttributePath: 'role || (length(groups) == `0` && \'Editor\')', grafanaCompat: true }, idToken: { role: ['Owner'] }, userinfo: { role: 'Admin' }, expected: { role: 'Editor' } },
  { what: 'compat: without it another type has the next source asked', settings: { roleAttributePath: 'role || (length(groups) == `0` && \'Editor\')' }, idToken: { role: ['Owner'] }, userinfo: { role: 'Admin' }, expected: { role: 'Admin' } },
  { what: 'compat: tried after an empty text', settings: { roleAttributePath: 'not_null(role, \'Editor\')', grafanaCompat: true }, idToken: { role: '' }, userinfo: { role: 'Admin' }, expected: { role: 'Editor' } },
  { what: 'compat: without it an empty text has the next source asked', settings: { roleAttributePath: 'not_null(role, \'Editor\')' }, idToken: { role: '' }, userinfo: { role: 'Admin' }, expected: { role: 'Admin' } },
  { what: 'compat: it satisfies strict, as there', settings: { ...odd, roleAttributeStrict: true }, expected: { role: 'Viewer' } },
  { what: 'compat: without it strict refuses', settings: { ...byGroup, roleAttributeStrict: true }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'compat: without a path there is no role, with it either', settings: { grafanaCompat: true }, userinfo: { role: 'admin' }, expected: { role: undefined } },
  // it changes nothing else
  { what: 'compat: a blank address is none even so', settings: mail, userinfo: { email: ' ', mail: 'b@x.io' }, expected: { email: 'b@x.io' } },
  { what: 'compat: the order of the sources stays', settings: all, idToken: { role: 'viewer' }, userinfo: { role: 'admin' }, expected: { role: 'Viewer' } },
  { what: 'compat: an access token of another subject is none even so', settings: all, accessToken: { sub: 's-6', role: 'admin' }, expected: { role: 'Viewer' } }
]
