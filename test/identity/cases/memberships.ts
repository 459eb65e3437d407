import { ORGS, Pages, TEAMS, TEAMS_URL, type IdentityCase } from './case.ts'

const slugs = { teamsUrl: '{origin}/teams', teamIdsAttributePath: 'values[*].workspace.slug' }
const ids = { teamsUrl: '{origin}/teams', teamIdsAttributePath: '[*].id' }
const bare = { teamsUrl: '{origin}/teams' }
const member = { teamIds: ['7'] }
const at = [TEAMS_URL]
const below = [TEAMS]
const space = (slug: unknown) => ({ workspace: { slug } })

/** Reference 2.8, 1 to 4. Whether the teams let somebody in is the table of who may enter. */
export const teams: readonly IdentityCase[] = [
  { what: 'teams: nothing is asked where no setting is about them', teams: [{ id: 7 }], asked: [], expected: { teams: [] } },
  { what: 'teams: a claim of that name is none', userinfo: { teams: ['7'], team_ids: ['7'] }, asked: [], expected: { teams: [] } },
  // teams_url with a path
  { what: 'teams: texts by the path', settings: slugs, teams: { values: [space('acme'), space('labs')] }, asked: at, expected: { teams: ['acme', 'labs'] } },
  { what: 'teams: an answer that is a list', settings: ids, teams: [{ id: 'a' }, { id: 'b' }], asked: at, expected: { teams: ['a', 'b'] } },
  { what: 'teams: whole numbers as text', settings: ids, teams: [{ id: 7 }, { id: 0 }, { id: -3 }, { id: 'x' }], asked: at, expected: { teams: ['7', '0', '-3', 'x'] } },
  { what: 'teams: no other numbers', settings: ids, teams: [{ id: 7.5 }, { id: 1e21 }, { id: 2 ** 53 }, { id: 8 }], asked: at, expected: { teams: ['8'] } },
  { what: 'teams: other types are dropped', settings: ids, teams: [{ id: null }, { id: true }, { id: ['a'] }, { id: {} }, {}, { id: 'a' }], asked: at, expected: { teams: ['a'] } },
  { what: 'teams: empty and blank ones are dropped', settings: ids, teams: [{ id: '' }, { id: ' ' }, { id: 'a\nb' }, { id: 'a' }], asked: at, expected: { teams: ['a'] } },
  { what: 'teams: to_string() does no harm', settings: { ...ids, teamIdsAttributePath: '[*].to_string(id)' }, teams: [{ id: 7 }], asked: at, expected: { teams: ['7'] } },
  { what: 'teams: a path to a lone text is none', settings: { ...ids, teamIdsAttributePath: 'id' }, teams: { id: 'a' }, asked: at, expected: { teams: [] } },
  { what: 'teams: a path that fails is none', settings: { ...ids, teamIdsAttributePath: 'sort(nothing)' }, teams: [{ id: 'a' }], asked: at, expected: { teams: [] } },
  { what: 'teams: the path is about this answer alone', settings: { ...ids, teamIdsAttributePath: 'teams' }, userinfo: { teams: ['a'] }, teams: {}, asked: at, expected: { teams: [] } },
  { what: 'teams: letters of all the world', settings: slugs, teams: { values: [space('Ἀθῆναι'), space('東京')] }, asked: at, expected: { teams: ['Ἀθῆναι', '東京'] } },
  { what: 'teams: an empty answer', settings: slugs, teams: { values: [] }, asked: at, expected: { teams: [] } },
  { what: 'teams: null', settings: slugs, teams: null, asked: at, expected: { teams: [] } },
  { what: 'teams: a member of every object is none', settings: { ...ids, teamIdsAttributePath: 'constructor' }, teams: {}, asked: at, expected: { teams: [] } },
  // pages
  { what: 'teams: several pages by Link', settings: ids, teams: new Pages('link', [{ id: 'a' }], [{ id: 'b' }], [{ id: 'c' }]), asked: at, expected: { teams: ['a', 'b', 'c'] } },
  { what: 'teams: several pages by next', settings: slugs, teams: new Pages('next', { values: [space('a')] }, { values: [space('b')] }), asked: at, expected: { teams: ['a', 'b'] } },
  { what: 'teams: a page on another server', settings: ids, teams: new Pages('stranger', [{ id: 'a' }], [{ id: 'b' }]), asked: at, expected: 'GATE_PROVIDER_ANSWER_INVALID' },
  { what: 'teams: a “next” that is no address of the same server is only data', settings: ids, teams: [{ id: 'a', next: 'https://stranger.example/teams' }], asked: at, expected: { teams: ['a'] } },
  // refused and broken
  { what: 'teams: not for us', settings: ids, teams: 403, asked: at, expected: { teams: [] } },
  { what: 'teams: not there', settings: ids, teams: 404, asked: at, expected: { teams: [] } },
  { what: 'teams: broken', settings: ids, teams: 503, asked: at, expected: 'GATE_PROVIDER_ANSWER_INVALID' },
  // teams_url without a path: the ids of the objects, as below the user URL
  { what: 'teams: without a path the whole numbers in id', settings: bare, teams: [{ id: 7 }, { id: '8' }], asked: at, expected: { teams: ['7'] } },
  // neither: /teams below the user URL, where team_ids asks for it
  { what: 'teams: below the user URL', settings: member, teams: [{ id: 7, slug: 'a' }, { id: 12 }], asked: below, expected: { teams: ['7', '12'] } },
  { what: 'teams: there only whole numbers are ids', settings: member, teams: [{ id: '8' }, { id: 7 }, { id: 7.5 }, { id: null }, 'x', { id: ['9'] }], asked: below, expected: { teams: ['7'] } },
  { what: 'teams: there an object is no list', settings: member, teams: { id: 7, values: [{ id: 7 }] }, asked: below, expected: { teams: [] } },
  { what: 'teams: there a path means nothing', settings: { ...member, teamIdsAttributePath: '[*].slug' }, teams: [{ id: 7, slug: 'a' }], asked: below, expected: { teams: ['7'] } },
  { what: 'teams: there on several pages', settings: member, teams: new Pages('link', [{ id: 12 }], [{ id: 7 }]), asked: below, expected: { teams: ['12', '7'] } },
  { what: 'teams: there not for us', settings: member, teams: 403, asked: below, expected: { teams: [] } },
  { what: 'teams: there, behind a slash and a query', settings: { ...member, oauthUserUrl: '{origin}/api/user/?v=1' }, teams: [{ id: 7 }], asked: below, expected: { teams: ['7'] } },
  { what: 'teams: teams_url is asked instead of it', settings: { ...ids, ...member }, teams: [{ id: 7 }], asked: at, expected: { teams: ['7'] } }
]

const acme = { allowedOrganizations: ['acme'] }

/** Reference 2.8, 5: the login of each. */
export const organizations: readonly IdentityCase[] = [
  { what: 'organizations: nothing is asked where no setting is about them', orgs: [{ login: 'acme' }], asked: [], expected: { organizations: [] } },
  { what: 'organizations: the login of each', settings: acme, orgs: [{ login: 'labs', id: 3 }, { login: 'acme', id: 4 }], asked: [ORGS], expected: { organizations: ['labs', 'acme'] } },
  { what: 'organizations: as they are written', settings: { allowedOrganizations: ['ACME'] }, orgs: [{ login: 'ACME' }, { login: 'acme' }], asked: [ORGS], expected: { organizations: ['ACME', 'acme'] } },
  { what: 'organizations: no other member and no other type', settings: acme, orgs: [{ name: 'x' }, { login: 7 }, { login: ['x'] }, { login: '' }, { login: 'x\ny' }, 'x', null, { login: 'acme' }], asked: [ORGS], expected: { organizations: ['acme'] } },
  { what: 'organizations: an object is no list', settings: acme, orgs: { values: [{ login: 'acme' }], login: 'acme' }, asked: [ORGS], expected: { organizations: [] } },
  { what: 'organizations: several pages', settings: acme, orgs: new Pages('link', [{ login: 'labs' }], [{ login: 'acme' }]), asked: [ORGS], expected: { organizations: ['labs', 'acme'] } },
  { what: 'organizations: letters of all the world', settings: { allowedOrganizations: ['Łódź'] }, orgs: [{ login: 'Łódź' }], asked: [ORGS], expected: { organizations: ['Łódź'] } },
  { what: 'organizations: not for us', settings: acme, orgs: 401, asked: [ORGS], expected: { organizations: [] } },
  { what: 'organizations: broken', settings: acme, orgs: 500, asked: [ORGS], expected: 'GATE_PROVIDER_ANSWER_INVALID' },
  { what: 'organizations: beside teams and addresses', settings: { ...acme, teamIds: ['7'], emailAttributePath: 'mail' }, orgs: [{ login: 'acme' }], teams: [{ id: 7 }], emails: [{ email: 'l@x.io', primary: true }], asked: ['/api/user/emails', ORGS, TEAMS], expected: { organizations: ['acme'], teams: ['7'], email: 'l@x.io' } }
]
