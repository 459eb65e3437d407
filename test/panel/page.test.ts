// Follows docs/panel.md as somebody does whose app signs people in by itself: in an empty folder, with the real panel.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blocksOf, isShown, type Block } from '../docs/markdown.ts'
import { has, keepRunning, listens, startStage } from '../docs/stage.ts'
import { CLIENT } from '../fixtures/simulators/authorization-server.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { startWorld } from '../fixtures/simulators/world.ts'
import { python } from '../fixtures/python.ts'
import { openSession, tokenOf } from './bokeh.ts'

const page = 'docs/panel.md'

t.test('whoever follows the page is greeted by the app, after one sign-in at the gate', { timeout: 150_000 }, async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null || !has(t, 'openssl', 'openssl')) return
  const stage = await startStage(t)
  const simulator = createGitHub()
  simulator.server.redirectUris.push(`http://127.0.0.1:${stage.ports.gate}`)
  const world = await startWorld(t, simulator)
  const folder = join(stage.folder, 'work')
  mkdirSync(folder)
  const command = join(stage.env['PATH']?.split(':')[0] ?? '', 'panel')
  writeFileSync(command, `#!/bin/sh\nexec ${interpreter} -m panel "$@"\n`)
  chmodSync(command, 0o755)

  const env = { ...stage.env, ...world.childEnv }
  const typed = (block: Block | undefined) => stage.fill((block?.text ?? '').replace('CLIENT_ID', CLIENT.id).replace('CLIENT_SECRET', CLIENT.secret))
  const run = (block: Block | undefined, port: number) => {
    return keepRunning(t, 'sh', ['-eu', '-c', `cd ${folder}\n${typed(block)}`], { env, ready: async said => await listens(port) && (block?.shows === undefined ? said.includes('Bokeh app running') : isShown(block.shows, stage.unfill(said))) })
  }
  const [app, settings, served, gate] = blocksOf(page).filter(({ marker }) => marker === 'by test/panel/page.test.ts')
  for (const block of [app, settings]) execFileSync('sh', ['-eu', '-c', typed(block)], { cwd: folder, env })
  await run(served, stage.ports.app)
  const sent = await fetch(`http://127.0.0.1:${stage.ports.app}/login`, { redirect: 'manual' })
  t.match(sent.headers.get('location'), /^https:\/\/github\.com\/login\/oauth\/authorize\?/, 'by itself the app sends people to the provider: its settings are as they were')
  await run(gate, stage.ports.gate)

  const ada = world.browser()
  const home = `http://127.0.0.1:${stage.ports.gate}`
  const greeted = await ada.signIn(`${home}/app`, 'ada')
  t.match(greeted, { status: 200, address: `${home}/app` })
  const cookie = [...ada.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const session = await openSession(`${home}/app`, tokenOf(greeted.body), { cookie, origin: home })
  t.teardown(session.close)
  t.match(await session.document(), /Hello ada/)
  t.equal((await fetch(`${home}/app`)).status, 401, 'and nobody else is')
})
