// A plugin from a package of its own, beside the packed gate.
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CLIENT, COOKIE_SECRET, freePort, startApp } from '../fixtures/gate.ts'
import { isCi, skipped } from '../fixtures/lacking.ts'
import { startProvider } from '../../src/demo/provider.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { installed, temporary } from './install.ts'

const EXAMPLE = 'examples/oauth-gate-provider-example'
const BIN = 'node_modules/oauth-gate/bin/oauth-gate.js'

t.test('the page about plugins shows the very example', async t => {
  t.ok(readFileSync('docs/plugins.md', 'utf8').includes(`\`\`\`js\n${readFileSync(`${EXAMPLE}/index.js`, 'utf8')}\`\`\``))
})

if (!isCi) {
  skipped(t, 'npm installs the package and a plugin: run with CI=true')
} else {
  const folder = temporary(t)
  const plugin = join(folder, execFileSync('npm', ['pack', '--silent', `--pack-destination=${folder}`], { cwd: EXAMPLE, encoding: 'utf8' }).trim())
  const home = installed(t, { beside: [plugin] })
  if (home !== null) {
    t.test('installed beside the gate, it signs a person in', async t => {
      const provider = await startProvider({ address: 'localhost', remembers: false, clients: [{ ...CLIENT, redirectUris: [] }] })
      t.teardown(() => provider.close())
      const app = await startApp(t)
      const port = await freePort()
      const origin = `http://127.0.0.1:${port}`
      provider.setRedirectUris(CLIENT.id, [origin])
      const { said } = await home.start(/Who may enter/, BIN, 'serve', `--port=${port}`, `--upstream=${app.url}`, '--oauth-provider=example', `--oauth-extra-params={'url': '${provider.issuer}'}`,
        `--oauth-key=${CLIENT.id}`, `--oauth-secret=${CLIENT.secret}`, `--cookie-secret=${COOKIE_SECRET}`)
      t.match(said, /Provider +Example ID, url http:\/\/localhost:\d+/)
      t.match(said, /the provider example is a plugin: .*node_modules\/oauth-gate-provider-example\/index\.js \(oauth-gate-provider-example 1\.0\.0\)/, 'its path and version are told')
      t.notMatch(said, /ExperimentalWarning/)
      const page = await new Visitor().signIn(`${origin}/deep`, 'ada')
      t.match(page, { status: 200, address: `${origin}/deep` })
      t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-provider': 'example', 'x-forwarded-subject': 'demo-ada', 'x-forwarded-groups': 'admins,staff' })
      t.equal(app.received.length, 1, 'and before that the app saw nothing')
    })

    t.test('its own test runs with nothing but Node, and providers knows it', async t => {
      cpSync(EXAMPLE, join(home.folder, 'mine'), { recursive: true })
      const { status, stdout } = home.run('--test', 'mine/index.test.js')
      t.equal(status, 0, stdout)
      t.match(stdout, /pass 1/)
      t.match(home.run(BIN, 'providers', 'example').stdout, /Example ID \(example\)[^]*Callback URL: the address[^]*Parameters[^]*url: Where your Example ID is/)
    })
  }
}
