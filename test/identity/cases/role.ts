import type { IdentityCase } from './case.ts'

const role = { roleAttributePath: 'role' }
const strict = { ...role, roleAttributeStrict: true }
const example = { roleAttributePath: 'contains(info.roles[*], \'admin\') && \'Admin\' || contains(info.roles[*], \'editor\') && \'Editor\' || \'Viewer\'' }
const byGroup = { roleAttributePath: 'contains(groups[*], \'boss\') && \'Admin\' || \'Viewer\'' }
const guarded = { roleAttributePath: 'groups && contains(groups, \'boss\') && \'Admin\'', roleAttributeStrict: true }
const groupsToo = { roleAttributePath: 'role', groupsAttributePath: 'info.groups' }

/** Reference 2.6. Quirk 3b is in compat.ts. */
export const roles: readonly IdentityCase[] = [
  // no path: no role, whatever else is said (where Grafana would make everybody a Viewer)
  { what: 'role: without a path there is none', userinfo: { role: 'Admin' }, expected: { role: undefined } },
  { what: 'role: nor by a default alone', settings: { defaultRole: 'Editor' }, userinfo: { role: 'Admin' }, expected: { role: undefined } },
  // the valid ones, in any case
  ...([['Admin', 'Admin'], ['aDMIN', 'Admin'], ['admin', 'Admin'], ['Editor', 'Editor'], ['EDITOR', 'Editor'], ['viewer', 'Viewer'], ['Viewer', 'Viewer'], ['None', 'None'], ['none', 'None'], ['GrafanaAdmin', 'Admin'], ['grafanaADMIN', 'Admin']] as const)
    .map(([said, found]) => ({ what: `role: ${said} is ${found}, and strict lets it in`, settings: strict, userinfo: { role: said }, expected: { role: found } })),
  // everything else is none: with the default role, or refused
  ...([
    ['a word that is none', 'Owner'], ['a space behind it', 'Admin '], ['a space before it', ' Admin'], ['a space within', 'Grafana Admin'], ['a list of one', ['Admin']], ['an object', { Admin: true }], ['true', true], ['a number', 1],
    ['null', null], ['an empty text', ''], ['two at once', 'Admin,Editor'], ['a longer word', 'Administrator'], ['letters that look alike', 'Аdmin'], ['a member of every object', 'constructor']
  ] as const).flatMap(([what, said]): IdentityCase[] => [
    { what: `role: ${what} is none, so the default`, settings: role, userinfo: { role: said }, expected: { role: 'Viewer' } },
    { what: `role: ${what} is none, so strict refuses`, settings: strict, userinfo: { role: said }, expected: 'GATE_ACCESS_DENIED' }
  ]),
  // the default
  { what: 'role: none is the default that was set', settings: { ...role, defaultRole: 'Editor' }, expected: { role: 'Editor' } },
  { what: 'role: the default may be None', settings: { ...role, defaultRole: 'None' }, expected: { role: 'None' } },
  { what: 'role: a default never beats a role', settings: { ...role, defaultRole: 'Admin' }, userinfo: { role: 'viewer' }, expected: { role: 'Viewer' } },
  { what: 'role: strict refuses whatever the default', settings: { ...strict, defaultRole: 'Admin' }, expected: 'GATE_ACCESS_DENIED' },
  // sources
  { what: 'role: the id_token before userinfo', settings: role, idToken: { role: 'Viewer' }, userinfo: { role: 'Admin' }, expected: { role: 'Viewer' } },
  { what: 'role: a word that is none has the next source asked', settings: role, idToken: { role: 'Owner' }, userinfo: { role: 'Editor' }, expected: { role: 'Editor' } },
  { what: 'role: another type has the next source asked', settings: strict, idToken: { role: ['Admin'] }, userinfo: { role: 'Editor' }, expected: { role: 'Editor' } },
  { what: 'role: the access token last', settings: strict, idToken: { role: '' }, accessToken: { role: 'editor' }, expected: { role: 'Editor' } },
  { what: 'role: of three bad ones none', settings: strict, idToken: { role: 'a' }, userinfo: { role: 'b' }, accessToken: { role: 'c' }, expected: 'GATE_ACCESS_DENIED' },
  // expressions: the document's examples, and reference 3.1
  { what: 'role: the document’s first example', settings: role, userinfo: { role: 'Editor' }, expected: { role: 'Editor' } },
  { what: 'role: the document’s second example', settings: example, userinfo: { info: { roles: ['engineer', 'admin'] } }, expected: { role: 'Admin' } },
  { what: 'role: its second role', settings: example, userinfo: { info: { roles: ['engineer', 'editor'] } }, expected: { role: 'Editor' } },
  { what: 'role: its last', settings: example, userinfo: { info: { roles: ['engineer'] } }, expected: { role: 'Viewer' } },
  { what: 'role: an expression with a default answers on the id_token', settings: { roleAttributePath: 'role || \'Viewer\'' }, idToken: {}, userinfo: { role: 'Admin' }, expected: { role: 'Viewer' } },
  { what: 'role: one that fails on the id_token tries userinfo', settings: byGroup, idToken: {}, userinfo: { groups: ['boss'] }, expected: { role: 'Admin' } },
  { what: 'role: one that fails everywhere gives the default', settings: { ...byGroup, defaultRole: 'None' }, userinfo: { groups: 5 }, expected: { role: 'None' } },
  { what: 'role: one that fails everywhere is refused by strict', settings: { ...byGroup, roleAttributeStrict: true }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'role: a guarded one, with the group', settings: guarded, userinfo: { groups: ['boss'] }, expected: { role: 'Admin' } },
  { what: 'role: a guarded one, without groups', settings: guarded, expected: 'GATE_ACCESS_DENIED' },
  { what: 'role: a guarded one, in other groups', settings: guarded, userinfo: { groups: ['bosses'] }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'role: false is no role', settings: { roleAttributePath: 'contains(groups, \'boss\') && \'Admin\'', roleAttributeStrict: true }, userinfo: { groups: [] }, expected: 'GATE_ACCESS_DENIED' },
  { what: 'role: contains() on a text looks for a part of it', settings: byGroup, userinfo: { groups: 'the boss of nothing' }, expected: { role: 'Viewer' } },
  { what: 'role: of a text and not a list it does so', settings: { roleAttributePath: 'contains(groups, \'boss\') && \'Admin\' || \'Viewer\'' }, userinfo: { groups: 'embossed' }, expected: { role: 'Admin' } },
  { what: 'role: a quoted word is the name of a claim', settings: { roleAttributePath: '"Admin"' }, expected: { role: 'Viewer' } },
  { what: 'role: which may be there', settings: { roleAttributePath: '"Admin"' }, userinfo: { Admin: 'Editor' }, expected: { role: 'Editor' } },
  { what: 'role: a literal is everybody’s', settings: { roleAttributePath: '\'editor\'' }, expected: { role: 'Editor' } },
  { what: 'role: a claim with signs in its name', settings: { roleAttributePath: 'resource_access."my-app".roles[0]' }, userinfo: { resource_access: { 'my-app': { roles: ['admin'] } } }, expected: { role: 'Admin' } },
  { what: 'role: a claim that is an address', settings: { roleAttributePath: '"https://x.io/roles"[0]' }, idToken: { 'https://x.io/roles': ['editor', 'admin'] }, expected: { role: 'Editor' } },
  { what: 'role: the first value of an object, in the order of its names', settings: { roleAttributePath: 'values(by_app)[0]' }, userinfo: { by_app: { b: 'Admin', a: 'Viewer' } }, expected: { role: 'Viewer' } },
  { what: 'role: the last of all members, in the order of their names', settings: { roleAttributePath: 'by_app.*.role | [-1]' }, userinfo: { by_app: { z: { role: 'Editor' }, k: { role: 'Admin' } } }, expected: { role: 'Editor' } },
  { what: 'role: over several lines', settings: { roleAttributePath: 'contains(groups, \'boss\')\n  && \'Admin\'\n  || \'Viewer\'' }, userinfo: { groups: ['boss'] }, expected: { role: 'Admin' } },
  // it has nothing to do with groups that are mapped elsewhere
  { what: 'role: together with groups by another path', settings: groupsToo, userinfo: { role: 'admin', info: { groups: ['g'] } }, expected: { role: 'Admin', groups: ['g'] } },
  { what: 'role: and without them', settings: groupsToo, userinfo: { role: 'admin' }, expected: { role: 'Admin', groups: [] } }
]
