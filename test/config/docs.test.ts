import { Ajv2020 } from 'ajv/dist/2020.js'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { providers } from '../../providers/index.ts'
import { describeOptions, initialOf } from '../../src/config/describe.ts'
import { optionsPage, optionsSchema } from '../../src/config/document.ts'
import { loadConfig } from '../../src/config/load.ts'
import { fileKeys, flagNames, gateNames, optionNames, panelNames, specOf } from '../../src/config/names.ts'
import { options } from '../../src/config/options.ts'
import { valueSchema } from '../../src/config/shapes.ts'
import * as errors from '../../src/errors.ts'
import { blamed, file, key, secret } from './setup.ts'

const built = new URL('../../', import.meta.url)
const { generate } = await import(new URL('../scripts/docs.mjs', built).href) as { generate (built: URL): Promise<Map<string, string>> }
const read = (path: string): string => readFileSync(new URL(`../${path}`, built), 'utf8')
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(optionsSchema())

t.test('the pages in the repository are what the sources say now', async t => {
  const pages = await generate(built)
  const ofProviders = ['README', ...providers.map(({ name }) => name)].map(name => `docs/providers/${name}.md`)
  t.strictSame([...pages.keys()], ['docs/options.md', 'docs/options.schema.json', 'docs/troubleshooting.md', ...ofProviders])
  t.strictSame(readdirSync('docs/providers').sort(), ofProviders.map(path => basename(path)).sort(), 'and no page is about a provider that is gone')
  for (const [path, content] of pages) t.ok(read(path) === content, `${path} (if it differs: npm run types && npm run docs)`)
})

t.test('page, schema and help are the table: none has a setting, a name or a default more or less', async t => {
  const page = optionsPage()
  const rows = page.split('\n').filter(line => /^\| (?:`|\|? *\|)/.test(line))
  const { properties } = optionsSchema() as { properties: Record<string, { description: string, default?: unknown, writeOnly?: boolean }> }
  const lines = describeOptions().flatMap(group => group.lines)
  t.strictSame(lines.map(line => line.option).sort(), [...optionNames].sort(), 'help has each setting once')
  t.equal(rows.length, optionNames.length, 'and the page a row for each')
  for (const option of optionNames) {
    const { doc } = options[option]
    const own = rows.filter(row => row.includes(doc.replaceAll('|', '\\|')))
    t.equal(own.length, 1, `${option} is on the page`)
    const named = own[0]?.split(' | ').slice(0, 3).join(' | ') // a default may be a word that is a name elsewhere
    const elsewhere = [gateNames, panelNames, fileKeys].flatMap(names => [...names].filter(([name, found]) => (named?.includes(`\`${name}\``) === true) !== (found.option === option && !found.inFile)))
    t.strictSame(elsewhere.map(([name]) => name), [], `${option} has its names, and no other setting has them`)
    for (const [flag, found] of flagNames) if (found.option === option && !found.inFile) t.match(own[0], new RegExp(`\`--${flag}[ \`]`), `--${flag}`)
    t.match(doc, /^[A-Z][^\n]{8,130}\.$/, `${option} is said in one sentence`)
    t.doesNotThrow(() => valueSchema(option), `the grammar of ${option} is described`)
    t.equal(lines.find(line => line.option === option)?.text.includes(doc), true, `${option} is in help`)
    const initial = initialOf(option)
    if (initial !== '') t.ok(own[0]?.includes(`\`${initial}\``), `the default of ${option} is on the page`)
  }
  t.strictSame(Object.keys(properties).sort(), [...fileKeys.keys()].sort(), 'and the schema knows no other key')
  for (const [name, { option, inFile }] of fileKeys) {
    t.equal(properties[name]?.writeOnly === true, specOf(option).secret === true && !inFile, `${name} is kept back if it is a secret`)
    t.ok(inFile || properties[name]?.description.startsWith(options[option].doc), `${name} says what it is`)
  }
})

t.test('an error is on its page with all its words', async t => {
  const page = read('docs/troubleshooting.md').replace(/\\(?=[\\`*<[\]])/g, '')
  const kinds = Object.values(errors).flatMap(value => 'kind' in value ? [value.kind] : [])
  t.ok(kinds.length >= 30)
  t.equal(new Set(kinds.map(({ code }) => code)).size, kinds.length, 'and no code is used twice')
  for (const { code, status, title, advice, hint } of kinds) {
    const entry = page.split(`### ${code}\n`)[1]?.split('\n### ')[0] ?? ''
    for (const words of [String(status), title, advice, hint]) t.ok(entry.includes(words), `${code}: ${words}`)
  }
  t.equal(page.match(/^### /gm)?.length, kinds.length, 'and nothing else is')
})

const enough = { upstream: 'http://localhost:5006', oauth_provider: 'oidc', oauth_issuer: 'https://login.example', oauth_key: 'id', oauth_secret: 's3cret-of-the-client', cookie_secret: secret }
const good = `
upstream: ["http://localhost:5006", "/api=https://[::1]:8443/base/", "/x=unix:/run/my app.sock:/b"]
upstream_timeout: 1.5s
pass_host_header: no
address: "::"
port: 0
max_header_size: "4096"
public_url: https://app.example.com/
proxy_prefix: /_gate
trusted_proxy: 10.0.0.0/8, ::1
allow_websocket_origin: ["localhost:5006", https://other.example, "*.b.example:5006", "localhost:*", "192.168.*.*:80"]
oauth_provider: oidc
client_id: 0123
client_secret: s3cret-of-the-client
oauth_redirect_uri: https://app.example.com/login?b=c
oauth_extra_params: { prompt: consent, on: true, none: null, list: [a, 1], claims: { userinfo: { email: null } } }
oauth_scope: openid email
oauth_issuer: https://login.example/realms/x
user_key: sub
use_pkce: true
auth_style: header
cookie_secret: ${secret}
oauth_encryption_key: [${key}]
oauth_expiry_days: .5
cookie_domain: .example.com
cookie_secure: true
cookie_samesite: strict
allowed_domains: ["*.b.com", "@c.com"]
allowed_emails: a@b.com, c@d.org
allowed_groups: [platform team, "CN=a,OU=b", 7]
log_level: silent
prefix: apps/x
root_path: /proxy/
login_endpoint: login
logout_endpoint: /bye
rules:
  - { path: /admin, allow: { groups: [admins, 7] } }
  - { path: /my app, allow: public }
  - { path: /, allow: signed-in }
`

t.test('a file that the gate takes is one that the schema takes', async t => {
  t.ok(validate(parse(good)), JSON.stringify(validate.errors))
  t.strictSame(blamed(() => loadConfig({ env: {}, file: file(t, 'gate.yaml', good) })), [], 'and so does the gate')
  const others = ['use_pkce: "off"', 'upstream_timeout: 30', 'upstream: unix:///s.sock', 'upstream: http://a:1,/api=http://b:2 /c=http://c', 'trusted_proxy: "10.0.0.1, fd00::/8"', 'allow_websocket_origin: "[::1]:80 https://a.example"', 'oauth_extra_params: ""', 'oauth_extra_params: "{\'a\': 1}"', 'oauth_expiry_days: 7', 'allowed_groups: \'["a,b"]\'', `oauth_encryption_key: ${key}, ${key}`, 'cookie_secure: off', 'allowed_groups: 7', 'header: X-WEBAUTH-USER=login', 'headers: ["X-A=login", "X-B=join(\',\', groups)"]', 'headers: { X-A: login, X-B: "groups" }', 'claim: { department: org.department }', 'claim: \'a-b="a-b"\'', 'pass_access_token: on']
  for (const line of others) {
    t.ok(validate(parse(line)), `${line} ${JSON.stringify(validate.errors)}`)
    const content = JSON.stringify({ ...enough, ...parse(line) as object })
    t.strictSame(blamed(() => loadConfig({ env: {}, file: file(t, 'gate.json', content) })), [], `${line}: and so does the gate`)
  }
  t.ok(validate({}), 'and nothing must be in the file')
})

t.test('a file that the schema refuses is one that the gate refuses', async t => {
  const bad = [
    'prot: 1', 'config: gate.yaml', 'port: 65536', 'port: -1', 'port: 1.5', 'port: abc', 'port: true', 'port: null', 'port: [1]', 'max_header_size: 1', 'upstream_timeout: 30d', 'upstream_timeout: 0', 'oauth_expiry_days: 0', 'oauth_expiry_days: 40000', 'oauth_expiry_days: 1d',
    'upstream: localhost:5006', 'upstream: []', 'upstream: [localhost:5006]', 'upstream: [http://a?x=1#x]', 'upstream: ["unix:run/app.sock"]', 'public_url: app.example.com', 'public_url: https://u:p@a', 'oauth_issuer: https://login.example#x', 'oauth_token_url: /t', 'oauth_provider: gen/ric',
    'use_pkce: perhaps', 'use_pkce: 2', 'auth_style: basic', 'cookie_secure: maybe', 'log_level: loud', 'oauth_key: ""', 'oauth_key: " a"', 'oauth_key: "a\\n"', 'oauth_key: {}', 'oauth_key: []', 'oauth_secret_file: ""', 'oauth_secret_file: 1', 'oauth_encryption_key: [abc]',
    'trusted_proxy: [proxy.example]', 'trusted_proxy: proxy.example, 10.0.0.1', 'allow_websocket_origin: ["*"]', 'allow_websocket_origin: [https://a.example/x]', 'proxy_prefix: oauth2', 'root_path: proxy', 'login_endpoint: /a?b', 'prefix: "/a;b"', 'unix_socket: ""', 'ssl_password: {}', 'cookie_path: /a;b', 'cookie_domain: localhost', 'address: 127.0.0.1/8', 'allowed_groups: []', 'allowed_groups: [""]', 'allowed_groups: [{}]', 'allowed_groups: {}',
    'oauth_extra_params: []', 'oauth_extra_params: 1', 'oauth_extra_params: { "": x }', 'oauth_extra_params: { a: [[1]] }',
    'headers: {}', 'headers: []', 'headers: login', 'header: [X-A]', 'header: { X-A: "" }', 'header: { X-A: [login] }', 'header: { "X A": login }', 'claim: 7', 'claim: { a: {} }', 'pass_access_token: maybe',
    'rules: []', 'rules: /admin', 'rules: [/admin]', 'rules: [{ path: /a }]', 'rules: [{ allow: public }]', 'rules: [{ path: a, allow: public }]', 'rules: [{ path: /a?b, allow: public }]', 'rules: [{ path: /a;b, allow: public }]', 'rules: [{ path: /a, allow: everyone }]', 'rules: [{ path: /a, allow: public, also: 1 }]',
    'rules: [{ path: /a, allow: { groups: [] } }]', 'rules: [{ path: /a, allow: { groups: a } }]', 'rules: [{ path: /a, allow: { groups: [" a"] } }]', 'rules: [{ path: /a, allow: { groups: [a], group: a } }]', 'rules: [{ path: /a, allow: { emails: [a] } }]'
  ]
  for (const line of bad) {
    const content = { ...enough, ...parse(line) as object }
    t.notOk(validate(content), line)
    t.not(blamed(() => loadConfig({ env: {}, file: file(t, 'gate.json', JSON.stringify(content)) })).length, 0, `${line}: and the gate says what is wrong`)
  }
  t.ok(validate(enough), 'and without these lines the file was good')
})
