import t from 'tap'
import { Problem } from '../../src/config/config-error.ts'
import { DEFAULT_SECTION, parseIni } from '../../src/config/grafana/ini.ts'
import { isIni } from '../../src/config/grafana/file.ts'
import { Layers } from '../../src/config/grafana/layers.ts'

type Values = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What the library that Grafana reads its configuration with (go-ini 1.67, without options) makes of each text; null is a refusal. */
const vectors: readonly (readonly [ini: string, values: Values | null])[] = [
  ['k = v', { DEFAULT: { k: 'v' } }],
  ['k=v', { DEFAULT: { k: 'v' } }],
  ['k =v  ', { DEFAULT: { k: 'v' } }],
  ['  k = v', { DEFAULT: { k: 'v' } }],
  ['\tk\t=\tv\t', { DEFAULT: { k: 'v' } }],
  ['k: v', { DEFAULT: { k: 'v' } }],
  ['k : v', { DEFAULT: { k: 'v' } }],
  ['k: a = b', { DEFAULT: { k: 'a = b' } }],
  ['k = a: b', { DEFAULT: { k: 'a: b' } }],
  ['url = https://a.example/x?y=1&z=2', { DEFAULT: { url: 'https://a.example/x?y=1&z=2' } }],
  ['k =', { DEFAULT: { k: '' } }],
  ['k = ', { DEFAULT: { k: '' } }],
  ['k', null],
  ['k v', null],
  ['= v', null],
  [': v', null],
  ['# k = v', {}],
  ['; k = v', {}],
  ['  # k = v', {}],
  ['k = v # c', { DEFAULT: { k: 'v' } }],
  ['k = v ; c', { DEFAULT: { k: 'v' } }],
  ['k = v #c', { DEFAULT: { k: 'v' } }],
  ['k = v#c', { DEFAULT: { k: 'v' } }],
  ['k = a;b', { DEFAULT: { k: 'a' } }],
  ['k = #c', { DEFAULT: { k: '' } }],
  ['k = # ', { DEFAULT: { k: '' } }],
  ['k = ;', { DEFAULT: { k: '' } }],
  ['k = v \\# c', { DEFAULT: { k: 'v \\' } }],
  ['k = \'v\'', { DEFAULT: { k: 'v' } }],
  ['k = "v"', { DEFAULT: { k: 'v' } }],
  ['k = \' v \'', { DEFAULT: { k: ' v ' } }],
  ['k = \'a\' b', { DEFAULT: { k: '\'a\' b' } }],
  ['k = \'a\' \'b\'', { DEFAULT: { k: '\'a\' \'b\'' } }],
  ['k = "\'a\'"', { DEFAULT: { k: '\'a\'' } }],
  ['k = \'"a"\'', { DEFAULT: { k: '"a"' } }],
  ['k = \'it\'\'s\'', { DEFAULT: { k: '\'it\'\'s\'' } }],
  ['k = "a', { DEFAULT: { k: '"a' } }],
  ['k = a"', { DEFAULT: { k: 'a"' } }],
  ['k = \'', { DEFAULT: { k: '\'' } }],
  ['k = \'\'', { DEFAULT: { k: '' } }],
  ['k = ""', { DEFAULT: { k: '' } }],
  ['k = "v" # c', { DEFAULT: { k: 'v' } }],
  ['k = \'v\'; c', { DEFAULT: { k: 'v' } }],
  ['k = \'\'v\'\'', { DEFAULT: { k: '\'\'v\'\'' } }],
  ['k = `v`', { DEFAULT: { k: 'v' } }],
  ['k = `a#b;c`', { DEFAULT: { k: 'a#b;c' } }],
  ['k = `a` b `c`', { DEFAULT: { k: 'a` b `c' } }],
  ['k = ` a `', { DEFAULT: { k: ' a ' } }],
  ['k = `a`b # c', { DEFAULT: { k: 'a' } }],
  ['k = ``', { DEFAULT: { k: '' } }],
  ['k = `"a"`', { DEFAULT: { k: '"a"' } }],
  ['k = """v"""', { DEFAULT: { k: 'v' } }],
  ['k = """a#b;c"""', { DEFAULT: { k: 'a#b;c' } }],
  ['k = """a "b" c""" # d', { DEFAULT: { k: 'a "b" c' } }],
  ['k = """"""', { DEFAULT: { k: '' } }],
  ['k = """a', null],
  ['k = `a', null],
  ['k = `a\nb`', { DEFAULT: { k: 'a\nb' } }],
  ['k = """a\n  b\n""" x', { DEFAULT: { k: 'a\n  b\n' } }],
  ['k = """\na\n"""', { DEFAULT: { k: '\na\n' } }],
  ['k = `a\n# b\nc` d\nj = 1', { DEFAULT: { j: '1', k: 'a\n# b\nc' } }],
  ['k = a \\\nb', { DEFAULT: { k: 'a b' } }],
  ['k = a\\\n  b  \\\n  c\nj = d', { DEFAULT: { j: 'd', k: 'ab  c' } }],
  ['k = a \\', { DEFAULT: { k: 'a ' } }],
  ['k = a \\\n\nj = b', { DEFAULT: { j: 'b', k: 'a ' } }],
  ['k = a # c \\\nb', { DEFAULT: { k: 'a # c b' } }],
  ['k = \'a \\\nb\'', { DEFAULT: { k: '\'a b\'' } }],
  ['k = \\\na # b', { DEFAULT: { k: 'a # b' } }],
  ['k = a\\ \nb', { DEFAULT: { k: 'ab' } }],
  ['"k" = v', { DEFAULT: { k: 'v' } }],
  ['"a=b" = v', { DEFAULT: { 'a=b': 'v' } }],
  ['`a:b` = v', { DEFAULT: { 'a:b': 'v' } }],
  ['"""a=b""" = v', { DEFAULT: { 'a=b': 'v' } }],
  ['"k = v', null],
  ['"k" v', null],
  ['"" = v', null],
  ['`k`: v', { DEFAULT: { k: 'v' } }],
  ['k.l-m_n = v', { DEFAULT: { 'k.l-m_n': 'v' } }],
  ['"k"x = v', { DEFAULT: { k: 'v' } }],
  ['[s]\nk = v', { s: { k: 'v' } }],
  ['[s]\nk = 1\n[t]\nk = 2\n[s]\nk = 3\nj = 4', { s: { j: '4', k: '3' }, t: { k: '2' } }],
  ['k = 1\nk = 2', { DEFAULT: { k: '2' } }],
  ['k = 1\nk =', { DEFAULT: { k: '' } }],
  ['[s', null],
  ['[]\nk=v', null],
  ['[ s ]\nk = v', { ' s ': { k: 'v' } }],
  ['[a]b]\nk=v', { 'a]b': { k: 'v' } }],
  ['[s] # c\nk=v', { s: { k: 'v' } }],
  ['[s] ; ]\nk=v', { 's] ; ': { k: 'v' } }],
  ['  [s]\nk=v', { s: { k: 'v' } }],
  ['[a.b]\nk=%(j)s\n[a]\nj=up', { a: { j: 'up' }, 'a.b': { k: '%(j)s' } }],
  ['[DEFAULT]\nk=v', { DEFAULT: { k: 'v' } }],
  ['K = 1\nk = 2', { DEFAULT: { K: '1', k: '2' } }],
  ['[S]\nk=1\n[s]\nk=2', { S: { k: '1' }, s: { k: '2' } }],
  ['k = v\r\nj = w\r\n', { DEFAULT: { j: 'w', k: 'v' } }],
  ['\ufeff[s]\nk = v', { s: { k: 'v' } }],
  ['k = \u00a0v\u00a0', { DEFAULT: { k: 'v' } }],
  ['k = \u3000v', { DEFAULT: { k: 'v' } }],
  ['k = v\u0085', { DEFAULT: { k: 'v' } }],
  ['k = \ufeffv', { DEFAULT: { k: '\ufeffv' } }],
  ['k = ä # ö', { DEFAULT: { k: 'ä' } }],
  ['', {}],
  [' \n\n', {}],
  ['k = v\n\n\n', { DEFAULT: { k: 'v' } }],
  ['k = 日本', { DEFAULT: { k: '日本' } }],
  ['a = 1\nk = %(a)s', { DEFAULT: { a: '1', k: '%(a)s' } }],
  ['k = %(a)s', { DEFAULT: { k: '%(a)s' } }],
  ['[s]\na = 1\nk = x%(a)sy%(a)s', { s: { a: '1', k: 'x%(a)sy%(a)s' } }],
  ['a = 1\n[s]\nk = %(a)s', { DEFAULT: { a: '1' }, s: { k: '%(a)s' } }],
  ['a = 1\n[s]\na = 2\nk = %(a)s', { DEFAULT: { a: '1' }, s: { a: '2', k: '%(a)s' } }],
  ['a = 1\n[s]\na = %(a)s', { DEFAULT: { a: '1' }, s: { a: '%(a)s' } }],
  ['a = %(b)s\nb = %(c)s\nc = z', { DEFAULT: { a: '%(b)s', b: '%(c)s', c: 'z' } }],
  ['k = 100%', { DEFAULT: { k: '100%' } }],
  ['k = %(a)', { DEFAULT: { k: '%(a)' } }],
  ['k = %()s', { DEFAULT: { k: '%()s' } }],
  ['k = "%(a)s"\na = b', { DEFAULT: { a: 'b', k: '%(a)s' } }],
  ['[server]\nprotocol = https\ndomain = a.example\nhttp_port = 443\nroot_url = %(protocol)s://%(domain)s:%(http_port)s/', { server: { domain: 'a.example', http_port: '443', protocol: 'https', root_url: '%(protocol)s://%(domain)s:%(http_port)s/' } }],
  ['[s]\nk = `%(a)s`\na=1', { s: { a: '1', k: '%(a)s' } }],
  ['k = a%(b)s%(c)s\nb=1\nc=2', { DEFAULT: { b: '1', c: '2', k: 'a%(b)s%(c)s' } }],
  ['role_attribute_path = contains(info.roles[*], \'admin\') && \'Admin\' || contains(info.roles[*], \'editor\') && \'Editor\' || \'Viewer\'', { DEFAULT: { role_attribute_path: 'contains(info.roles[*], \'admin\') && \'Admin\' || contains(info.roles[*], \'editor\') && \'Editor\' || \'Viewer\'' } }],
  ['role_attribute_path = \'Admin\'', { DEFAULT: { role_attribute_path: 'Admin' } }],
  ['role_attribute_path = "\'Admin\'"', { DEFAULT: { role_attribute_path: '\'Admin\'' } }],
  ['role_attribute_path = "contains(groups, \'a\') && \'Admin\'"', { DEFAULT: { role_attribute_path: 'contains(groups, \'a\') && \'Admin\'' } }],
  ['groups_attribute_path = "cognito:groups"', { DEFAULT: { groups_attribute_path: 'cognito:groups' } }],
  ['groups_attribute_path = `"cognito:groups"`', { DEFAULT: { groups_attribute_path: '"cognito:groups"' } }],
  ['team_ids = ["a", "b"]', { DEFAULT: { team_ids: '["a", "b"]' } }],
  ['scopes = openid profile email', { DEFAULT: { scopes: 'openid profile email' } }],
  ['client_secret = a;b#c', { DEFAULT: { client_secret: 'a' } }],
  ['client_secret = """#password;"""', { DEFAULT: { client_secret: '#password;' } }],
  ['k = [a]', { DEFAULT: { k: '[a]' } }],
  ['k = a\\nb', { DEFAULT: { k: 'a\\nb' } }],
  ['k = a \\ b', { DEFAULT: { k: 'a \\ b' } }],
  ['k=a=b', { DEFAULT: { k: 'a=b' } }],
  ['k==v', { DEFAULT: { k: '=v' } }],
  ['k=:v', { DEFAULT: { k: ':v' } }],
  ['k:=v', { DEFAULT: { k: '=v' } }]
]

/** And what it makes of %(…)s, with the names of the section itself, and then of the one before all. */
const references: readonly (readonly [ini: string, values: Values])[] = [
  ['[a.b]\nk=%(j)s\n[a]\nj=up', { a: { j: 'up' }, 'a.b': { k: 'up' } }],
  ['a = 1\nk = %(a)s', { DEFAULT: { a: '1', k: '1' } }],
  ['k = %(a)s', { DEFAULT: { k: '%(a)s' } }],
  ['[s]\na = 1\nk = x%(a)sy%(a)s', { s: { a: '1', k: 'x1y1' } }],
  ['a = 1\n[s]\nk = %(a)s', { DEFAULT: { a: '1' }, s: { k: '1' } }],
  ['a = 1\n[s]\na = 2\nk = %(a)s', { DEFAULT: { a: '1' }, s: { a: '2', k: '2' } }],
  ['a = 1\n[s]\na = %(a)s', { DEFAULT: { a: '1' }, s: { a: '1' } }],
  ['a = %(b)s\nb = %(c)s\nc = z', { DEFAULT: { a: 'z', b: 'z', c: 'z' } }],
  ['k = 100%', { DEFAULT: { k: '100%' } }],
  ['k = %(a)', { DEFAULT: { k: '%(a)' } }],
  ['k = %()s', { DEFAULT: { k: '%()s' } }],
  ['k = "%(a)s"\na = b', { DEFAULT: { a: 'b', k: 'b' } }],
  ['[server]\nprotocol = https\ndomain = a.example\nhttp_port = 443\nroot_url = %(protocol)s://%(domain)s:%(http_port)s/', { server: { domain: 'a.example', http_port: '443', protocol: 'https', root_url: 'https://a.example:443/' } }],
  ['[s]\nk = `%(a)s`\na=1', { s: { a: '1', k: '1' } }],
  ['k = a%(b)s%(c)s\nb=1\nc=2', { DEFAULT: { b: '1', c: '2', k: 'a12' } }]
]

function read (text: string): Values | null {
  try {
    const { sections } = parseIni(text)
    return Object.fromEntries([...sections].filter(([name, keys]) => name !== DEFAULT_SECTION || keys.size > 0).map(([name, keys]) => [name, Object.fromEntries([...keys].map(([key, { text }]) => [key, text]))]))
  } catch (error) {
    if (error instanceof Problem) return null
    throw error
  }
}

t.test('INI is read as Grafana reads it', async t => {
  t.ok(vectors.length > 100)
  for (const [ini, values] of vectors) t.strictSame(read(ini), values, JSON.stringify(ini))
})

t.test('%(…)s is what that name has', async t => {
  for (const [ini, values] of references) {
    const layers = new Layers([{ level: 'file', sections: new Map(Object.entries(read(ini) ?? {}).map(([name, keys]) => [name, new Map(Object.entries(keys))])), say: (section, key) => `[${section}] ${key}` }], { env: {}, readFile: () => Buffer.from('') })
    for (const [section, keys] of Object.entries(values)) {
      for (const [key, value] of Object.entries(keys)) {
        const written = layers.find(section, key)
        t.equal(written === undefined ? '' : layers.text(written), value, `${JSON.stringify(ini)}: [${section}] ${key}`)
      }
    }
  }
})

t.test('a fault names its line and never quotes it', async t => {
  const faults: readonly (readonly [string, number, RegExp])[] = [
    ['[a]\nb = c\nhunter2\n', 3, /neither = nor :/], ['[a\nk = hunter2', 1, /no \]/], ['\n\n[]', 3, /without a name/], ['a = 1\n\n= hunter2', 3, /no name/], ['k = `hunter2\n\nb', 1, /backtick that does not end/],
    ['x = 1\nk = """hunter2\n\n', 2, /""" that does not end/], ['"hunter2', 1, /quoted name/], ['a = 1\nk = "hunter2#x"', 2, /inside quotes/], ['k = \'hunter2;x\'', 1, /inside quotes/], ['k = "a \\" # hunter2', 1, /inside quotes/]
  ]
  for (const [ini, line, why] of faults) {
    let fault: unknown
    try {
      parseIni(ini)
    } catch (error) {
      fault = error
    }
    t.ok(fault instanceof Problem, JSON.stringify(ini))
    const { message, fix } = fault as Problem
    t.match(message, new RegExp(`^is not proper INI: line ${line} `))
    t.match(message, why)
    t.ok((fix ?? '').length > 10)
    t.notMatch(message + String(fix), 'hunter2')
  }
})

t.test('a value that is cut where no space says so is told by its line', async t => {
  t.strictSame(parseIni('a = b#c\nd = e #f\ng = h;i\nj = #k\nl = `m#n`\no = p\t;q').cut, [1, 3])
})

t.test('a thousand lines that try to be slow are not', async t => {
  const before = performance.now()
  for (const text of ['k = ' + ' '.repeat(200_000) + 'x', '['.repeat(100_000), 'k = """' + '"'.repeat(200_000), 'k = \\\n'.repeat(50_000), '`'.repeat(100_000), `k = ${'"'.repeat(100_000)}`, ' \n'.repeat(100_000)]) read(text)
  t.ok(performance.now() - before < 5000)
})

t.test('a file is INI by its name, or by a section on its first line that says something', async t => {
  for (const [path, text] of [['a.ini', 'upstream: x'], ['A.INI', ''], ['gate.yaml', '[server]\nk = v'], ['x', '\uFEFF# c\n\n ; c\n  [auth.generic_oauth] # c\nk = v']] as const) t.equal(isIni(path, text), true, text)
  for (const [path, text] of [['gate.yaml', 'upstream: x'], ['x', '{"a": 1}'], ['x', '["a", "b"]'], ['x', '[{"a": 1}]'], ['x', '# [server]\nk: v'], ['x', ''], ['ini', 'a: b']] as const) t.equal(isIni(path, text), false, text)
})
