import type { IdentityCase } from './case.ts'

const path = { groupsAttributePath: 'info.groups' }
const g = { groupsAttributePath: 'g' }

/** Reference 2.7: a list by the path, of the first source in which it is not empty. */
export const groups: readonly IdentityCase[] = [
  { what: 'groups: without a setting the claim of that name', userinfo: { groups: ['a', 'b'] }, expected: { groups: ['a', 'b'] } },
  { what: 'groups: without a setting and without the claim none', expected: { groups: [] } },
  { what: 'groups: the document’s third example', settings: path, userinfo: { info: { groups: ['engineers', 'analysts'] } }, expected: { groups: ['engineers', 'analysts'] } },
  { what: 'groups: in their order, with doubles', settings: path, userinfo: { info: { groups: ['b', 'a', 'b'] } }, expected: { groups: ['b', 'a', 'b'] } },
  { what: 'groups: other than texts are dropped', settings: g, userinfo: { g: ['a', 7, null, {}, ['x'], true, ''] }, expected: { groups: ['a'] } },
  { what: 'groups: a text with a control character is dropped', settings: g, userinfo: { g: ['a', 'b\nc', ' ', 'd\uDC00'] }, expected: { groups: ['a'] } },
  { what: 'groups: spaces around a name are part of it', settings: g, userinfo: { g: [' a', 'b '] }, expected: { groups: [' a', 'b '] } },
  { what: 'groups: a comma and a percent sign are part of it', settings: g, userinfo: { g: ['a,b', '100%', '%2C'] }, expected: { groups: ['a,b', '100%', '%2C'] } },
  { what: 'groups: letters of all the world', settings: g, userinfo: { g: ['Ingénieurs', '分析', '🦉'] }, expected: { groups: ['Ingénieurs', '分析', '🦉'] } },
  { what: 'groups: a lone text is no list', settings: g, userinfo: { g: 'a' }, expected: { groups: [] } },
  { what: 'groups: unless it is made one', settings: { groupsAttributePath: '[g]' }, userinfo: { g: 'a' }, expected: { groups: ['a'] } },
  { what: 'groups: an object is no list', settings: g, userinfo: { g: { 0: 'a', length: 1 } }, expected: { groups: [] } },
  { what: 'groups: a number is no list', settings: g, userinfo: { g: 3 }, expected: { groups: [] } },
  { what: 'groups: an empty list has the next source asked', settings: g, idToken: { g: [] }, userinfo: { g: ['a'] }, expected: { groups: ['a'] } },
  { what: 'groups: so has a list without a text', settings: g, idToken: { g: [7, null] }, userinfo: { g: ['a'] }, expected: { groups: ['a'] } },
  { what: 'groups: so has a list without an honest text', settings: g, idToken: { g: [' ', 'b\n'] }, userinfo: { g: ['a'] }, expected: { groups: ['a'] } },
  { what: 'groups: so has an expression that fails', settings: { groupsAttributePath: 'sort(g)' }, idToken: {}, userinfo: { g: ['b', 'a'] }, expected: { groups: ['a', 'b'] } },
  { what: 'groups: those of two sources are not put together', settings: g, idToken: { g: ['a'] }, userinfo: { g: ['b'] }, accessToken: { g: ['c'] }, expected: { groups: ['a'] } },
  { what: 'groups: the access token last', settings: g, idToken: {}, accessToken: { g: ['c'] }, expected: { groups: ['c'] } },
  { what: 'groups: the path replaces the claim of that name', settings: g, userinfo: { groups: ['x'] }, expected: { groups: [] } },
  { what: 'groups: a claim that is an address', settings: { groupsAttributePath: '"https://x.io/groups"' }, userinfo: { 'https://x.io/groups': ['a'] }, expected: { groups: ['a'] } },
  { what: 'groups: a claim with a colon', settings: { groupsAttributePath: '"cognito:groups"' }, idToken: { 'cognito:groups': ['a'] }, expected: { groups: ['a'] } },
  { what: 'groups: picked out of objects', settings: { groupsAttributePath: 'teams[?active].name' }, userinfo: { teams: [{ name: 'a', active: true }, { name: 'b' }, { name: 'c', active: true }] }, expected: { groups: ['a', 'c'] } },
  { what: 'groups: of two lists', settings: { groupsAttributePath: '[realm.roles, app.roles][]' }, userinfo: { realm: { roles: ['a'] }, app: { roles: ['b'] } }, expected: { groups: ['a', 'b'] } },
  { what: 'groups: the names of an object, in their order', settings: { groupsAttributePath: 'keys(g)' }, userinfo: { g: { b: 1, a: 2, c: 3 } }, expected: { groups: ['a', 'b', 'c'] } },
  { what: 'groups: and its values in that order', settings: { groupsAttributePath: 'g.*' }, userinfo: { g: { b: 'second', a: 'first' } }, expected: { groups: ['first', 'second'] } },
  { what: 'groups: exactly as many as fit', settings: g, userinfo: { g: ['x'.repeat(8192)] }, expected: { groups: ['x'.repeat(8192)] } },
  { what: 'groups: one byte more', settings: g, userinfo: { g: ['x'.repeat(8193)] }, expected: 'GATE_IDENTITY_TOO_LARGE' },
  // allowed-groups is about what the path found
  { what: 'groups: one of those that may enter', settings: { ...g, allowedGroups: ['a'] }, userinfo: { g: ['b', 'a'], groups: [] }, expected: { groups: ['b', 'a'] } }
]
