// docs/recipes/systemd.md: no systemd runs in a container, but its own tools judge the unit, and the unit's own command is run.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fileIn } from './markdown.ts'
import { has, keepRunning, startStage } from './stage.ts'

const PAGE = 'docs/recipes/systemd.md'
const unit = fileIn(PAGE, 'ini', '/etc/systemd/system/oauth-gate.service')

function settings (key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)
}

t.test('systemd finds nothing wrong with the unit, and starts it with the machine', async t => {
  if (!has(t, 'systemd-analyze', 'systemd')) return
  const { folder, env } = await startStage(t)
  const units = join(folder, 'etc/systemd/system')
  mkdirSync(units, { recursive: true })
  const path = join(units, 'oauth-gate.service')
  writeFileSync(path, unit.replace('ExecStart=oauth-gate', `ExecStart=${folder}/bin/oauth-gate`)) // where npm install --global puts it, systemd finds it by itself
  const { status, stderr, stdout } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8', env })
  t.equal(status, 0, stderr)
  t.notMatch(stderr + stdout, /oauth-gate\.service:/, 'and no line of it is ignored')
  t.equal(spawnSync('systemctl', [`--root=${folder}`, 'enable', 'oauth-gate'], { encoding: 'utf8', env }).status, 0)
  t.match(readlinkSync(join(units, 'multi-user.target.wants/oauth-gate.service')), /oauth-gate\.service$/)
})

t.test('the command of the unit starts the gate with what the unit gives it, and no more', async t => {
  if (!has(t, 'openssl', 'openssl')) return
  const { folder, env, fill } = await startStage(t)
  writeFileSync(join(folder, 'gate.yaml'), fill(fileIn(PAGE, 'yaml', '/etc/oauth-gate/gate.yaml')))
  const credentials = join(folder, 'credentials')
  mkdirSync(credentials)
  for (const [name = '', source = ''] of settings('LoadCredential').map(value => value.split(':'))) spawnSync('cp', [fill(source), join(credentials, name)])
  const given = Object.fromEntries(settings('Environment').map(line => line.replaceAll('%d', credentials).split('=')) as [string, string][])
  const [command = '', ...args] = fill(settings('ExecStart')[0] ?? '').split(' ')
  const { said } = await keepRunning(t, command, args, { env: { ...env, ...given }, ready: said => said.includes('  Who may enter') })
  t.match(said(), '  Open           https://app.example.com')
  t.notMatch(said(), /^ {2}(?:Note {6}.*overrides|Warning)/m, 'with nothing doubtful')
  t.equal(spawnSync('oauth-gate', ['healthcheck'], { env }).status, 0)
})
