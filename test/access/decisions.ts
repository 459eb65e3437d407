import type { Settings } from '../../src/config/options.ts'
import type { Identity } from '../../src/identity/identity.ts'

/** `told`: it reaches the app, which is told who it is; `open`: it does, and the app is told of nobody. */
export type Verdict = 'told' | 'open' | 'sign-in' | 'denied' | 'ambiguous' | 'unknown host'

/** One request by one person to a gate with certain settings, and what becomes of it. */
export interface Decided {
  readonly name: string
  /** Beside what every gate needs; `{port}` stands for the port it listens on. */
  readonly settings: Settings
  readonly method: string
  /** As in `Host`; `{port}` as above. */
  readonly host: string
  readonly target: string
  readonly identity: Who
  readonly expected: Verdict
}

export type Who = typeof everyone[number]

/** The people of the demo, and somebody without a session. */
export const everyone = ['stranger', 'dev', 'cleo', 'ben', 'ada'] as const
/** What gives the people of the demo their roles. */
export const ROLES = 'contains(groups || `[]`, \'admins\') && \'Admin\' || contains(groups || `[]`, \'editors\') && \'Editor\' || \'Viewer\''

const HERE = '127.0.0.1:{port}'

export const identities: Readonly<Record<Who, Identity | null>> = {
  stranger: null,
  dev: person('dev', 'Dev Newcomer', 'Viewer'),
  cleo: person('cleo', 'Cleo Viewer', 'Viewer', 'staff'),
  ben: person('ben', 'Ben Editor', 'Editor', 'editors', 'staff'),
  ada: person('ada', 'Ada Lovelace', 'Admin', 'admins', 'staff')
}

function person (login: string, name: string, role: string, ...groups: string[]): Identity {
  return { provider: 'oidc', subject: `demo-${login}`, user: `${login}@example.com`, login, email: `${login}@example.com`, name, role, groups, teams: [], organizations: [], claims: {} }
}

/** What becomes of everyone, in their order: told, Open, Sign-in, Denied, ambiguous (X), unknown Host. */
type Row = readonly [request: string, verdicts: string]
const letters: Readonly<Record<string, Verdict>> = { T: 'told', O: 'open', S: 'sign-in', D: 'denied', X: 'ambiguous', H: 'unknown host' }

/** @param rows `GET /path` or `GET host/path` */
function table (site: string, settings: Settings, rows: readonly Row[]): readonly Decided[] {
  return rows.flatMap(([request, verdicts]) => {
    const [, method = '', host = '', target = ''] = /^(\S+) ([^/\s]*)(\/.*)$/.exec(request) ?? []
    return everyone.map((identity, index): Decided => ({ name: `${site}: ${identity}, ${request}`, settings, method, host: host === '' ? HERE : host, target, identity, expected: letters[verdicts[index] ?? ''] as Verdict }))
  })
}

const conditions = table('conditions', {
  rules: [
    { path: '/admin', allow: { groups: ['admins'] } },
    { path: '/edit', allow: { roles: ['editor', 'GrafanaAdmin'] }, reason: 'Only those who write the reports come here.' },
    { path: '/mine', allow: { emails: ['Cleo@Example.com', 'ben@example.com'] } },
    { path: '/cond', allow: { condition: 'ends_with(email, \'@example.com\') && !contains(groups, \'admins\')' } },
    { path: '/count', allow: { condition: 'groups' } },
    { path: '/broken', allow: { condition: '!abs(name)' } },
    { path: '/both', allow: { groups: ['staff'], roles: ['Viewer'], provider: 'oidc' } },
    { path: '/pub', allow: 'public' },
    { path: '/opt', allow: 'optional' },
    { path: '/', allow: 'signed-in' }
  ]
}, [
  ['GET /', 'STTTT'], ['GET /x?next=/admin', 'STTTT'], ['PROPFIND /x', 'STTTT'],
  ['GET /admin', 'SDDDT'], ['GET /admin/', 'SDDDT'], ['POST /admin/x', 'SDDDT'], ['GET /administer', 'STTTT'],
  ['GET /edit', 'SDDTT'], ['PUT /edit/x', 'SDDTT'],
  ['GET /mine', 'SDTTD'],
  ['GET /cond', 'STTTD'], ['GET /count', 'SDTTT'], ['GET /broken', 'SDDDD'],
  ['GET /both', 'SDTDD'],
  ['GET /pub', 'OOOOO'], ['GET /pub/x?next=/admin', 'OOOOO'], ['POST /pub/form', 'OOOOO'], ['DELETE /pub/a', 'OOOOO'], ['GET /pub/a%20b', 'OOOOO'], ['GET /pub/a%2fb', 'OOOOO'], ['GET /pub/x/../y', 'OOOOO'], ['GET /pub//x', 'OOOOO'],
  ['GET /opt', 'OTTTT'], ['HEAD /opt', 'OTTTT'], ['PUT /opt/x', 'OTTTT'], ['GET /opt/a%2fb', 'OTTTT'],
  // another letter case or format: all that it might be has to admit
  ['GET /PUB/x', 'STTTT'], ['GET /Opt', 'STTTT'], ['GET /Admin', 'SXXXT'], ['GET /admin.json', 'SXXXT'], ['GET /pub.json', 'STTTT'], ['GET /opt.json', 'STTTT'], ['GET /edit.html', 'SXXTT'], ['GET /ADMIN.json', 'SXXXT'],
  ['GET /COND', 'STTTX'], ['GET /mine.csv', 'SXTTX'],
  // several readings: the same
  ['GET /pub;v=1', 'STTTT'], ['GET /opt;v=1', 'STTTT'], ['GET /mine;v=1', 'SXTTX'], ['GET /cond%2fx', 'STTTX'], ['GET /%61dmin', 'SXXXT'], ['GET /%65dit', 'SXXTT'],
  ['GET /pub/..%2fopt', 'STTTT'], ['GET /opt/..%2fpub', 'STTTT'], ['GET /edit/..%2fmine', 'SXXTX'], ['GET /pub/../pub', 'STTTT'], ['GET /../pub', 'SXXXX'], ['GET /%2e%2e/opt', 'SXXXX'],
  ['GET /broken/..%2fboth', 'SXXXX'], ['GET //pub/x', 'STTTT']
])

const methods = table('methods', {
  rules: [
    { path: '/api', methods: ['GET'], allow: 'optional' },
    { path: '/api', methods: ['POST', 'put'], allow: { roles: ['Editor', 'Admin'] } },
    { path: '/api', methods: ['DELETE'], allow: { groups: ['admins'] } },
    { methods: 'OPTIONS', allow: 'public' },
    { path: '/head', methods: ['HEAD'], allow: 'public' },
    { methods: ['GET'], allow: 'signed-in' }
  ]
}, [
  ['GET /api', 'OTTTT'], ['HEAD /api', 'OTTTT'], ['GET /api/x?y', 'OTTTT'], ['POST /api', 'SDDTT'], ['PUT /api/x', 'SDDTT'], ['DELETE /api', 'SDDDT'], ['PATCH /api', 'SDDDD'], ['PROPFIND /api', 'SDDDD'],
  ['OPTIONS /api', 'OOOOO'], ['OPTIONS /', 'OOOOO'], ['OPTIONS /a%2f..%2fb', 'OOOOO'], ['GET /', 'STTTT'], ['HEAD /', 'STTTT'], ['POST /', 'SDDDD'], ['HEAD /head', 'OOOOO'], ['GET /head', 'STTTT'],
  ['GET /Api', 'STTTT'], ['POST /Api', 'SDDXX'], ['DELETE /API/x', 'SDDDX'], ['GET /api.json', 'STTTT'], ['POST /api.json', 'SDDXX'],
  ['GET /api/..%2fx', 'STTTT'], ['POST /api/..%2fx', 'SDDXX'], ['POST /api/%2e%2e/api', 'SDDXX'], ['POST /api/a%2fb', 'SDDTT'], ['DELETE /api;x', 'SDDDX'], ['HEAD /head;x', 'STTTT']
])

const hosts = table('hosts', {
  rules: [
    { host: 'admin.example.com', allow: { groups: ['admins'] } },
    { host: ['Docs.example.com', '*.docs.example.com'], methods: ['GET'], allow: 'public' },
    { host: 'docs.example.com', path: '/edit', allow: { roles: ['Editor', 'Admin'] } },
    { host: '*.apps.example.com', path: '/open', allow: 'optional' },
    { host: '*.apps.example.com', allow: { groups: ['staff'] } },
    { host: 'localhost', allow: 'signed-in' },
    { path: '/everywhere', allow: 'optional' }
  ]
}, [
  ['GET admin.example.com/', 'SDDDT'], ['GET ADMIN.example.com:8443/x', 'SDDDT'], ['GET admin.example.com/everywhere', 'SDDDT'], ['POST admin.example.com/open', 'SDDDT'],
  ['GET docs.example.com/x', 'OOOOO'], ['HEAD docs.example.com/x', 'OOOOO'], ['GET a.docs.example.com/x', 'OOOOO'], ['GET a.b.docs.example.com:81/', 'OOOOO'], ['POST docs.example.com/x', 'SDDDD'],
  ['POST docs.example.com/edit', 'SDDTT'], ['POST a.docs.example.com/edit', 'SDDDD'], ['POST docs.example.com/everywhere', 'OTTTT'],
  ['GET a.apps.example.com/open', 'OTTTT'], ['GET a.apps.example.com/', 'SDTTT'], ['GET a.apps.example.com/open/..%2fx', 'SXTTT'], ['GET a.apps.example.com/OPEN', 'SXTTT'],
  ['GET 127.0.0.1:{port}/', 'STTTT'], ['GET localhost:1/', 'STTTT'], ['GET [::1]/x', 'STTTT'], ['GET 127.0.0.1/everywhere', 'STTTT'],
  ['GET evil.example/', 'HHHHH'], ['GET evil.example/everywhere', 'HHHHH'], ['GET apps.example.com/open', 'HHHHH'], ['GET xdocs.example.com/', 'HHHHH'], ['GET docs.example.com.evil.example/', 'HHHHH'], ['GET docs.example.com./', 'HHHHH'], ['GET 127.1/', 'HHHHH'],
  ['POST evil.example/%2e%2e/x', 'HHHHH']
])

const publicUrl = table('public-url', { publicUrl: 'http://127.0.0.1:{port}' }, [
  ['GET 127.0.0.1:{port}/', 'STTTT'], ['GET localhost:{port}/', 'STTTT'], ['GET LOCALHOST:{port}/', 'STTTT'], ['GET [::1]:{port}/a%2fb', 'STTTT'],
  ['GET 127.0.0.1/', 'HHHHH'], ['GET 127.0.0.1:1/', 'HHHHH'], ['GET evil.example:{port}/', 'HHHHH'], ['POST evil.example/', 'HHHHH'], ['GET 127.0.0.2:{port}/', 'HHHHH']
])

const publicUrlAndHosts = table('public-url and hosts', { publicUrl: 'http://127.0.0.1:{port}', rules: [{ host: 'b.example', allow: 'public' }, { path: '/', allow: 'signed-in' }] }, [
  ['GET 127.0.0.1:{port}/', 'STTTT'], ['GET b.example/', 'OOOOO'], ['GET b.example:99/a%2fb', 'OOOOO'], ['GET c.example/', 'HHHHH'], ['GET 127.0.0.1:1/', 'HHHHH']
])

const guests = table('guest endpoints', {
  oauthGuestEndpoints: ['/', '/app', '/pub/*', '/größe'],
  rules: [{ path: '/app', allow: { groups: ['staff'] } }, { path: '/', allow: 'signed-in' }]
}, [
  ['GET /', 'OTTTT'], ['GET /?x=/app/x', 'OTTTT'], ['GET /ws', 'OTTTT'], ['GET /metadata', 'OTTTT'], ['GET /autoload.js?x', 'OTTTT'], ['GET /other', 'STTTT'], ['GET /ws/x', 'STTTT'], ['GET /autoload.json', 'STTTT'],
  ['GET /app', 'OTTTT'], ['POST /app', 'OTTTT'], ['GET /app?x=/admin', 'OTTTT'], ['GET /app/ws', 'OTTTT'], ['GET /app/metadata', 'OTTTT'], ['GET /app/autoload.js', 'OTTTT'],
  ['GET /app/', 'SDTTT'], ['GET /app/x', 'SDTTT'], ['GET /app/ws/x', 'SDTTT'], ['GET /app/wsx', 'SDTTT'], ['GET /app/WS', 'SDTTT'], ['GET /app2', 'STTTT'], ['GET /APP', 'SXTTT'], ['GET /app.json', 'SXTTT'],
  ['GET /pub', 'OTTTT'], ['GET /pub/', 'OTTTT'], ['GET /pub/x/y', 'OTTTT'], ['GET /pub/a%2fb', 'OTTTT'], ['GET /public', 'STTTT'], ['GET /PUB/x', 'STTTT'], ['GET /pub.json', 'STTTT'],
  ['GET /gr%C3%B6%C3%9Fe', 'OTTTT'], ['GET /gr%C3%B6%C3%9Fe/x', 'STTTT'],
  ['GET /app;x', 'STTTT'], ['GET /app%2fws', 'STTTT'], ['GET //', 'STTTT'], ['GET /pub/../app/x', 'SXTTT'], ['GET /pub/..%2fother', 'STTTT'], ['GET /app/../admin', 'SXTTT'], ['GET /%61pp', 'STTTT'], ['GET /app/%2e', 'SXTTT'], ['GET /x/..', 'STTTT']
])

const skips = table('skip-auth-route', {
  skipAuthRoute: ['GET=^/files/[^/]+$', '/health(z|/ready)?', 'POST=/hooks/.*'],
  rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }]
}, [
  ['GET /files/a.txt', 'OTTTT'], ['HEAD /files/a.txt', 'OTTTT'], ['GET /files/a?x=/b', 'OTTTT'], ['POST /files/a', 'STTTT'], ['GET /files/', 'STTTT'], ['GET /files/a/b', 'STTTT'], ['GET /files', 'STTTT'], ['GET /x/files/a', 'STTTT'], ['GET /Files/a', 'STTTT'],
  ['GET /files/a%2fb', 'STTTT'], ['GET /files/..', 'STTTT'], ['GET /files/%2e%2e', 'STTTT'], ['GET /files/..%2fadmin', 'SXXXT'], ['GET /files/a%5cb', 'STTTT'], ['GET /files/a%20b', 'OTTTT'], ['GET /files/%2561', 'OTTTT'],
  ['GET /health', 'OTTTT'], ['GET /healthz', 'OTTTT'], ['DELETE /health/ready', 'OTTTT'], ['GET /health/x', 'STTTT'], ['GET /healthz/', 'STTTT'], ['GET /healthzz', 'STTTT'], ['GET /x/health', 'STTTT'],
  ['POST /hooks/github', 'OTTTT'], ['POST /hooks/a/b', 'OTTTT'], ['POST /hooks', 'STTTT'], ['GET /hooks/x', 'STTTT'], ['POST /hooks/../admin', 'SXXXT'], ['POST /hooks/%2e%2e/admin', 'SXXXT'], ['POST /hooks/..;/admin', 'SXXXT'], ['POST /hooks/x%0a/../../admin', 'SXXXT']
])

const negated = table('skip-auth-route with !=', {
  skipAuthRoute: ['GET!=^/(admin|account)'],
  rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }]
}, [
  ['GET /', 'OTTTT'], ['GET /x/admin', 'OTTTT'], ['HEAD /x', 'OTTTT'], ['POST /x', 'STTTT'], ['GET /admin', 'SDDDT'], ['GET /admin/x', 'SDDDT'], ['GET /account', 'STTTT'], ['GET /account/x', 'STTTT'], ['GET /administer', 'STTTT'],
  ['GET /ADMIN', 'SXXXT'], ['GET /Account', 'STTTT'], ['GET /account.json', 'STTTT'], ['GET /%61dmin', 'SXXXT'], ['GET /x/../admin', 'SXXXT'], ['GET /x/..%2fadmin', 'SXXXT'], ['GET //account', 'STTTT'], ['GET /acc%00ount', 'STTTT'], ['GET /%EF%BD%81ccount', 'STTTT']
])

const optional = table('oauth-optional', { oauthOptional: true, rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/pub', allow: 'public' }] }, [
  ['GET /', 'OTTTT'], ['POST /x', 'OTTTT'], ['GET /x%2fy', 'OTTTT'], ['GET /admin', 'SDDDT'], ['GET /pub', 'OOOOO'], ['GET /pub/x', 'OOOOO'], ['GET /Pub', 'OTTTT'], ['GET /pub/..%2fx', 'OTTTT'],
  ['GET /Admin', 'SXXXT'], ['GET /admin.json', 'SXXXT'], ['GET /x/..%2fadmin', 'SXXXT'], ['GET /pub/..%2fadmin', 'SXXXT'], ['GET /admin/..%2fpub', 'SXXXT']
])

const uniform = [
  ...table('oauth-optional alone', { oauthOptional: true }, [['GET /', 'OTTTT'], ['POST /a%2f..;x', 'OTTTT'], ['GET /../..', 'OTTTT']]),
  ...table('public alone', { rules: [{ path: '/', allow: 'public' }] }, [['GET /', 'OOOOO'], ['GET /a%2f..;x', 'OOOOO']]),
  ...table('nothing', {}, [['GET /', 'STTTT'], ['GET /a%2f..;x', 'STTTT'], ['GET evil.example/', 'STTTT']]),
  ...table('a condition alone', { rules: [{ path: '/', allow: { condition: 'role == \'Admin\'' } }] }, [['GET /', 'SDDDT'], ['GET /a%2f..;x', 'SDDDT']])
]

/** Ways to write `/admin` that begin, or end, like something that is open; `@` stands for that. */
const tricks = [
  '@/../admin', '@/..%2fadmin', '@/..%2Fadmin', '@/%2e%2e/admin', '@/%2E%2E/admin', '@/.%2e/admin', '@/%2e./admin', '@%2f..%2fadmin', '@/%2e%2e%2fadmin', '@/..;/admin', '@/..;x=1/admin', '@;/../admin', '@\\..\\admin', '@/..\\admin',
  '@/%5c..%5cadmin', '@/..%5cadmin', '@/%252e%252e/admin', '@/..%252fadmin', '@/%25252e%25252e/admin', '@/x/../../admin', '@//../admin', '@/.//../admin', '@/./../admin', '@/%c0%ae%c0%ae/admin', '@/..%c0%afadmin', '@/%e0%80%ae%e0%80%ae/admin',
  '@/..%00/admin', '@/..%09/admin', '@/..%20/admin', '@../admin', '@%2e%2e/admin', '@/%uff0e%uff0e/admin', '@/%ef%bc%8e%ef%bc%8e/admin', '@/..%ef%bc%8fadmin', '@/../%61dmin', '@/../ADMIN', '@/../admin.json', '@/../admin#@', '@/..//admin',
  '/admin/..@', '/admin/%2e%2e@', '/admin%2f..@', '/admin/..;@', '/admin;/..@', '/admin/..%2f.@', '/admin%00/..@', '/admin%23/..@', '/admin#@', '/admin%3f@', '/admin;@'
]

const openings = { public: '/pub', optional: '/opt', 'a condition': '/team', 'a guest page': '/app', 'a guest endpoint': '/files', 'a skip route': '/skip' }

const encoded = Object.entries(openings).flatMap(([what, path]) => table(`tricks by ${what}`, {
  oauthGuestEndpoints: ['/app', '/files/*'], skipAuthRoute: ['/skip(/.*)?'],
  rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/pub', allow: 'public' }, { path: '/opt', allow: 'optional' }, { path: '/team', allow: { groups: ['staff'] } }, { path: '/', allow: 'signed-in' }]
}, tricks.map(trick => [`GET ${trick.replaceAll('@', path)}`, 'SXXXT'])))

export const decisions: readonly Decided[] = [...conditions, ...methods, ...hosts, ...publicUrl, ...publicUrlAndHosts, ...guests, ...skips, ...negated, ...optional, ...uniform, ...encoded]

/** Settings or a host for a gate at this port. */
export function atPort<T> (value: T, port: number): T {
  return JSON.parse(JSON.stringify(value).replaceAll('{port}', String(port))) as T
}
