import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { healthcheck } from '../../src/cli/healthcheck.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createGate } from '../../src/gate.ts'
import { freePort, startApp, startGate } from '../fixtures/gate.ts'
import { certificate, key } from '../oauth/certificate.ts'
import { runAlone, runCommand } from './run-command.ts'

t.test('a gate that serves is healthy, and its address alone is enough to ask', async t => {
  const { origin, app, provider } = await startGate(t)
  const { port } = new URL(origin)
  for (const [argv, env] of [
    [[`--port=${port}`], {}], [[`--port=${port}`, '--address=0.0.0.0'], {}], [[], { OAUTH_GATE_PORT: port }],
    [[`--port=${port}`], { PANEL_OAUTH_PROVIDER: 'generic', PANEL_OAUTH_KEY: 'k', PANEL_OAUTH_SECRET: 's' }]
  ] as [string[], Record<string, string>][]) {
    t.match(await runCommand(['healthcheck', ...argv], env), { code: 0, out: '', err: '' }, JSON.stringify([argv, env]))
  }
  t.equal(app.received.length, 0, 'the app is not asked')
  t.notOk(provider.requests.some(({ path }) => path !== '/.well-known/openid-configuration'), 'nor the provider, beyond what the gate reads at its start')
})

t.test('a file is read like that of serve', async t => {
  const { origin } = await startGate(t, { settings: { readyPath: '/healthz' } })
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'gate.yaml'), `port: ${new URL(origin).port}\nready_path: /healthz\noauth_provider: oidc\n`)
  t.match(await runAlone(['healthcheck', `--config=${join(folder, 'gate.yaml')}`]), { code: 0, err: '' })
  t.match(await runCommand(['healthcheck', `--port=${new URL(origin).port}`]), { code: 1, err: /\/ready answers 401/ }, 'another ready-path is not its')
})

t.test('nothing there, or something else, is not healthy, in one sentence', async t => {
  const nobody = await runCommand(['healthcheck', `--port=${await freePort()}`])
  t.match(nobody, { code: 1, out: '', err: /^oauth-gate: not healthy: nothing listens at 127\.0\.0\.1:\d+\/ready\.\n$/ })
  const { port } = new URL((await startApp(t)).url)
  t.match(await runCommand(['healthcheck', `--port=${port}`]), { code: 1, err: /something else than a gate/ })
  t.match(await runCommand(['healthcheck', '--port=0']), { code: 1, err: /port=0/ })
  t.match(await runCommand(['healthcheck', '--port=x']), { code: 1, err: /--port must be/ })
})

t.test('a gate with its own certificate is asked by https, whatever name that is for', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const [sslCertfile, sslKeyfile] = ['cert.pem', 'key.pem'].map(name => join(folder, name)) as [string, string]
  writeFileSync(sslCertfile, certificate)
  writeFileSync(sslKeyfile, key)
  const port = await freePort()
  const { config } = loadConfig({ env: {}, settings: { upstream: 'http://127.0.0.1:9', port, sslCertfile, sslKeyfile, oauthProvider: 'generic', oauthAuthorizeUrl: 'https://id.example/a', oauthTokenUrl: 'https://id.example/t', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'c'.repeat(32), logLevel: 'silent' } })
  const gate = await createGate(config)
  t.teardown(() => gate.close())
  await gate.listen({ host: '127.0.0.1', port })
  t.match(await runCommand(['healthcheck', `--port=${port}`, `--ssl-certfile=${sslCertfile}`, `--ssl-keyfile=${sslKeyfile}`]), { code: 0, err: '' })
  t.equal((await runCommand(['healthcheck', `--port=${port}`])).code, 1, 'and not by http')
})

t.test('who accepts and stays silent is given three seconds', async t => {
  const server = createServer(() => {})
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  let said = ''
  const began = performance.now()
  t.equal(await healthcheck({ address: '127.0.0.1', port: (server.address() as AddressInfo).port, readyPath: '/ready', sslCertfile: undefined }, text => { said += text }), 1)
  t.match(said, /does not answer within 3 s/)
  t.ok(performance.now() - began < 4500)
})
