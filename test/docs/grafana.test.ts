// docs/grafana.md: its files are read, its commands are run with them, and its expressions give what it says.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { Claims } from '../../src/claims.ts'
import { readDocument } from '../../src/identity/jmespath.ts'
import { CLIENT } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { blocksOf, fileIn, isShown } from './markdown.ts'
import { has, keepRunning, listens, startStage } from './stage.ts'

const PAGE = 'docs/grafana.md'
const commands = blocksOf(PAGE).filter(({ language }) => language === 'sh')
const expressions = blocksOf(PAGE).filter(({ language, text }) => language === 'ini' && text.includes('_attribute_path'))

async function signsIn (t: Test, command: string, shows: string | undefined) {
  const stage = await startStage(t)
  const { folder, env, ports, provider, fill, unfill } = stage
  const origin = `http://127.0.0.1:${ports.gate}`
  provider.setRedirectUris(CLIENT.id, [`${origin}/login/generic_oauth`])
  writeFileSync(join(folder, 'grafana.ini'), fill(fileIn(PAGE, 'ini', '/etc/oauth-gate/grafana.ini')))
  await startServer(t, createServer((_request, response) => { response.end('the app') }), ports.app)
  const filled = command.split(/(GF_\w+)/).map(part => part.startsWith('GF_') ? part : fill(part)).join('') // CLIENT_ID is in a name, too
  await keepRunning(t, 'sh', ['-eu', '-c', filled], { env, ready: async said => await listens(ports.gate) && (shows === undefined || isShown(shows, unfill(said))) })
  const visitor = new Visitor()
  t.match((await visitor.navigate(`${origin}/oauth2/sign_in`)).body, 'Sign in with Example')
  t.match(await visitor.signIn(`${origin}/page`, 'ada'), { status: 200, address: `${origin}/page`, body: 'the app' })
  t.ok(visitor.seen.some(address => address.startsWith(`${origin}/login/generic_oauth?`)), 'by the redirect URI that the page says')
}

t.test('the two commands of the page, with its file and its variables, sign a person in', async t => {
  if (!has(t, 'openssl', 'openssl')) return
  t.equal(commands.length, 2)
  for (const { text, shows } of commands) await signsIn(t, text, shows)
})

t.test('its three expressions give what it says', async t => {
  const read = (index: number) => {
    const ini = `${expressions[index]?.text ?? ''}client_id = a\nclient_secret = b\nauth_url = https://id.example/a\ntoken_url = https://id.example/t\n`
    const path = join(t.testdir({ 'grafana.ini': ini }), 'grafana.ini')
    return loadConfig({ env: {}, flags: { upstream: 'http://localhost:5006', 'cookie-secret': 'a cookie secret of more than 32 bytes', config: path } }).config.providers[0]
  }
  t.equal(expressions.length, 3)
  const role = (index: number, claims: Record<string, unknown>) => read(index).roleAttributePath?.asText(readDocument(new Claims(claims)))
  t.equal(role(0, { role: 'Editor' }), 'Editor')
  for (const [roles, expected] of [[['engineer', 'admin'], 'Admin'], [['engineer', 'editor'], 'Editor'], [['engineer'], 'Viewer']] as const) t.equal(role(1, { info: { roles } }), expected)
  t.strictSame(read(2).groupsAttributePath?.asTexts(readDocument(new Claims({ info: { groups: ['engineers', 'analysts'] } }))), ['engineers', 'analysts'])
})
