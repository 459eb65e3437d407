import { spawn } from 'node:child_process'
import t from 'tap'
import { options, type OptionName } from '../../src/config/options.ts'
import { flagOf, optionNames, specOf } from '../../src/config/names.ts'
import { python } from '../fixtures/python.ts'
import { runAlone, runCommand as run } from './run-command.ts'

const termsIn = (help: string): string[] => help.split('\n').flatMap(line => /^ {2}(--[a-z-]+|[a-z_]+:)(?= )/.exec(line)?.[1] ?? [])
const termOf = (option: OptionName): string => specOf(option).only === 'file' ? `${flagOf(option).replaceAll('-', '_')}:` : `--${flagOf(option)}`

t.test('--help of each command that takes settings fits a person: at most 60 lines, examples on top, most used first, and where the rest is', async t => {
  for (const command of ['serve', 'check', 'healthcheck']) {
    const { code, out } = await run([command, '--help'])
    t.equal(code, 0)
    const lines = out.split('\n')
    t.ok(lines.length <= 61, `${lines.length - 1} lines`)
    for (const line of lines) t.ok(line.length <= 115, line)
    t.match(lines[2], new RegExp(`^ {2}oauth-gate ${command} --`), 'an example before any setting')
    t.equal(termsIn(out)[0], '--upstream')
    t.match(out, new RegExp(`All ${optionNames.length} settings: +oauth-gate ${command} --help-all\n`))
    t.strictSame(termsIn(out).filter(term => term !== '--help-all' && term !== '--live').sort(), optionNames.filter(option => specOf(option).common === true).map(termOf).sort(), 'the common ones, each once, and no other')
    t.strictSame((await run(['help', command])).out, out, 'and help says the same')
    t.notMatch(out, /undefined|\[object/)
  }
})

t.test('--help-all has every setting exactly once, by group, one line each, with its other names', async t => {
  const { code, out } = await run(['serve', '--help-all', '--port=x'])
  t.equal(code, 0)
  t.strictSame(termsIn(out).filter(term => term !== '--help-all').sort(), optionNames.map(termOf).sort())
  for (const option of optionNames) {
    const line = out.split('\n').find(line => line.startsWith(`  ${termOf(option)} `)) ?? ''
    t.ok(line.includes(options[option].doc), `${termOf(option)} with its doc`)
    for (const flag of specOf(option).aliases?.flags ?? []) t.ok(line.includes(`--${flag}`), `--${flag}`)
    if (specOf(option).secret === true) t.ok(line.includes(`--${flagOf(option)}-file`))
  }
  t.match(out, /Who may enter:\n {2}--allowed-domains/)
  t.notMatch(out, /preset|undefined|\[object/)
  t.equal((await run(['check', '--help-all'])).out.split('\n').slice(6).join('\n').includes('--live'), true)
})

t.test('without a command the help is printed, and the version is that of the package', async t => {
  const [bare, version] = await Promise.all([runAlone([]), runAlone(['--version'])])
  t.match(bare, { code: 0, out: /serve[^]*demo[^]*oauth-secret/ })
  t.match(version, { code: 0, out: /^\d+\.\d+\.\d+\n$/ })
})

t.test('serve with nothing set says in three lines what to run next', async t => {
  const { code, out, err } = await runAlone(['serve'])
  t.equal(code, 1)
  t.match(err.split('\n'), [/oauth-gate demo/, /oauth-gate serve --upstream=/, /serve --help/, ''])
  t.equal(err.split('\n').length, 4)
  t.equal(out, '')
})

t.test('what is mistyped is met with what was meant', async t => {
  const [command, flag, secret, argument] = await Promise.all([run(['srve']), run(['serve', '--upstrem=x']), run(['serve', '--oauth-secrt=hunter2']), run(['serve', 'hunter2'])])
  t.match(command, { code: 1, err: /Did you mean serve\?/ })
  t.match(flag, { code: 1, err: /Did you mean --upstream\?/ })
  t.match(secret, { code: 1, err: /--oauth-secrt is not a setting[^]*Did you mean --oauth-secret\?/ })
  t.equal(argument.code, 1)
  const words = await run(['check', '--cookie-secret=correct', 'HORSE', 'BATTERY', '--cookie-secret', 'correct', 'STAPLE', '--__proto__=x'])
  t.match(words.err, /A word after --cookie-secret belongs to no setting[^]*--__proto__ is not a setting/)
  t.notMatch(words.err, /correct|HORSE|BATTERY|STAPLE/)
  t.notMatch(secret.err + argument.err, /hunter2/, 'and no value is repeated')
})

t.test('a flag without its value, or without a command, is told what to write', async t => {
  t.match((await run(['serve', '--upstream'])).err, /argument missing\nWrite its value behind it: --upstream=…\n$/)
  t.match((await run(['--oauth-secret=hunter2'])).err, /unknown option '--oauth-secret'\nSettings come behind a command: oauth-gate serve --oauth-secret=…\n$/)
  t.match((await run(['--nope'])).err, /unknown option '--nope'\n$/)
})

t.test('all problems are listed with their fixes, without a stack', async t => {
  const { code, out, err } = await runAlone(['serve', '--port=x', '--client-id', 'id', '--use-pkce=perhaps', '--upstream=http://a:1', '--upstream=/b=http://b:1', '--cookie-secret=hunter2'], { PANEL_COOKIE_SECRET: 'hunter3', OAUTH_GATE_OAUTH_PROVIDER: 'genric' })
  t.equal(code, 1)
  t.match(err, /^oauth-gate: 4 things keep it from starting\.\n/)
  for (const text of ['--port must be', '--use-pkce must be', 'Supply cookie secret either', 'Did you mean generic?']) t.ok(err.includes(text), text)
  t.notMatch(err, /hunter|^ +at /m)
  t.equal(out, '')
})

t.test('a flag may stand alone, have a value after = or after a space, and is refused twice', async t => {
  const { err } = await run(['serve', '--use-pkce', '--pass-host-header=no', '--upstream-skip-verify', 'yes', '--port', '0', '--port=0', '--allowed-groups', 'a', '--allowed-groups', 'b'])
  t.match(err, /--port is given 2 times/)
  t.notMatch(err, /--(?:use-pkce|pass-host-header|upstream-skip-verify|allowed-groups)/)
})

t.test('what belongs to panel serve is sent back there, by name and without its values', async t => {
  const { code, err } = await run(['serve', 'sales-2026.py', '--admin', '--static-dirs', 'hunter2=./x', 'hunter3=./y', '--num-procs=4', '--auth-module=x'])
  t.equal(code, 1)
  for (const text of ['A file of the app stands after serve', '--admin is a flag of panel serve', '--static-dirs is a flag of panel serve', '--num-procs is a flag of panel serve', '--auth-module is a setting of Panel']) t.ok(err.includes(text), text)
  t.notMatch(err, /sales|hunter/)
})

t.test('demo refuses what is no port before anything starts', async t => {
  t.match(await run(['demo', '--port=x']), { code: 1, err: /--port must be a whole number/, out: '' })
})

t.test('oauth-secret prints a key that Python’s cryptography takes, another each time', async t => {
  const [one, other] = await Promise.all([run(['oauth-secret']), run(['oauth-secret'])])
  t.match(one, { code: 0, out: /^[A-Za-z0-9_-]{43}=\n$/ })
  t.equal(Buffer.from(one.out.trim(), 'base64url').length, 32)
  t.not(one.out, other.out)
  t.ok(options.oauthEncryptionKey.parse(one.out.trim()))
  const interpreter = python(t, 'cryptography')
  if (interpreter === null) return
  const check = spawn(interpreter, ['-c', `from cryptography.fernet import Fernet; Fernet(${JSON.stringify(one.out.trim())})`])
  t.equal(await new Promise(resolve => { check.on('close', resolve) }), 0)
})

t.test('an address that this machine does not have is told as such', async t => {
  const { code, err } = await run(['serve', '--upstream=http://127.0.0.1:1', '--oauth-provider=oidc', '--oauth-issuer=https://id.example.com', '--oauth-key=K', '--oauth-secret=S', '--cookie-secret=0123456789abcdef0123456789abcdef', '--address=192.0.2.1', '--port=0'])
  t.equal(code, 1)
  t.match(err, /cannot listen on 192\.0\.2\.1:0: this machine does not have that address: set --address to one it has/)
  t.notMatch(err, /EADDRNOTAVAIL|\n +at /)
})
