import t from 'tap'
import { enough, file, key } from '../config/setup.ts'
import { runCommand } from './run-command.ts'

const flagsOf = (settings: Readonly<Record<string, string>>): string[] => Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
const { 'oauth-secret': secret, 'cookie-secret': cookieSecret, ...others } = enough
const env = { OAUTH_GATE_OAUTH_SECRET: secret, OAUTH_GATE_COOKIE_SECRET: cookieSecret }
/** The notes of a start with these flags, and secrets in the environment but where a flag has them. */
async function notes (more: Readonly<Record<string, string>>, rest: Record<string, string> = env): Promise<readonly string[]> {
  const { out, err, code } = await runCommand(['check', ...flagsOf({ ...others, ...more })], rest)
  if (code !== 0) throw new Error(err)
  for (const value of Object.values({ secret, cookieSecret, key })) if (out.includes(value)) throw new Error('a secret was printed')
  return out.split('\n').filter(line => line.includes('command line')).map(line => line.trim())
}

t.test('a secret that everybody on this machine can read in the list of processes is said to be one, with where to put it', async t => {
  t.strictSame(await notes({ 'oauth-secret': secret, 'cookie-secret': cookieSecret }, {}), ['Note           --oauth-secret and --cookie-secret are on the command line, which everybody on this machine can read (ps): have them in a file (--oauth-secret-file and --cookie-secret-file) or in the environment'])
  t.match(await notes({ 'client-secret': secret }, { OAUTH_GATE_COOKIE_SECRET: cookieSecret }), [/--client-secret is on .*\(--client-secret-file\)/], 'by the name that was written')
  t.match(await notes({ 'oauth-encryption-key': key }), [/--oauth-encryption-key is on/])
  t.match(await notes({ 'session-store': 'redis://:hunter22@127.0.0.1:1' }), [/--session-store is on/])
  t.match(await notes({ 'session-store': 'redis+sentinel://127.0.0.1:1/m?sentinel-password=hunter22' }), [/--session-store is on/])
})

t.test('what is in a file or the environment is in no list of processes, and an address without a password is no secret', async t => {
  t.strictSame(await notes({}), [])
  t.strictSame(await notes({ 'oauth-secret-file': file(t, 'secret', secret) }, { OAUTH_GATE_COOKIE_SECRET: cookieSecret }), [])
  for (const store of ['cookie', 'memory', 'redis://127.0.0.1:1']) t.strictSame(await notes({ 'session-store': store }), [], store)
})

t.test('a password of everybody is a secret, the name of a file of people is none', async t => {
  const basic = async (value: string) => {
    const { out } = await runCommand(['check', '--upstream=http://localhost:5006', `--basic-auth=${value}`], { OAUTH_GATE_COOKIE_SECRET: cookieSecret })
    return /--basic-auth is on the command line/.test(out)
  }
  t.equal(await basic('correct horse battery'), true)
  t.equal(await basic(file(t, 'people.json', '{"ada": "correct horse battery"}')), false)
})
