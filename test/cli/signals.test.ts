import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'

const main = new URL('../../src/cli/main.js', import.meta.url).href
const settings = ['--port=0', '--upstream=http://127.0.0.1:9', '--oauth-provider=generic', '--oauth-authorize-url=https://id.example/a', '--oauth-token-url=https://id.example/t', '--oauth-user-url=https://id.example/u', '--oauth-key=k', '--oauth-secret=s', `--cookie-secret=${'c'.repeat(40)}`]

t.test('a command that is told to stop while it starts has heard it', async t => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const told = `const { main } = await import(${JSON.stringify(main)})
      const running = main(process.argv.slice(1))
      process.kill(process.pid, '${signal}')
      process.exitCode = await running`
    const child = spawn(process.execPath, ['--input-type=module', '-e', told, '--', 'serve', ...settings], { env: { PATH: process.env['PATH'] }, stdio: 'ignore' })
    const [code, killedBy] = await once(child, 'close') as [number | null, string | null]
    t.equal(killedBy, null, `${signal} is not left to the system, which has no default for process 1 of a container`)
    t.ok([0, 128 + 15, 128 + 2].includes(code ?? -1), `it ends: ${code}`)
  }
})
