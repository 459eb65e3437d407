// Follows docs/panel.md as somebody does whose app signs people in by itself: in an empty folder, with the real panel.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { blocksOf, isShown, type Block } from '../docs/markdown.ts'
import { has, keepRunning, listens, startStage } from '../docs/stage.ts'
import { CLIENT } from '../fixtures/simulators/authorization-server.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { startWorld, type World } from '../fixtures/simulators/world.ts'
import { python } from '../fixtures/python.ts'
import { openSession, tokenOf } from './bokeh.ts'

const page = 'docs/panel.md'

t.test('whoever follows the page is greeted by the app, after one sign-in at the gate', { timeout: 150_000 }, async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null || !has(t, 'openssl', 'openssl')) return
  const stage = await startStage(t)
  const simulator = createGitHub()
  simulator.server.redirectUris.push(`http://127.0.0.1:${stage.ports.gate}`, `http://127.0.0.1:${stage.ports.app}`)
  const world = await startWorld(t, simulator)
  const folder = join(stage.folder, 'work')
  mkdirSync(folder)
  const command = join(stage.env['PATH']?.split(':')[0] ?? '', 'panel')
  writeFileSync(command, `#!/bin/sh\nexec ${interpreter} -m panel "$@"\n`)
  chmodSync(command, 0o755)

  const env = { ...stage.env, ...world.childEnv }
  const typed = (block: Block | undefined) => stage.fill((block?.text ?? '').replace('CLIENT_ID', CLIENT.id).replace('CLIENT_SECRET', CLIENT.secret))
  const run = (block: Block | undefined, port: number) => {
    return keepRunning(t, 'sh', ['-eu', '-c', `cd ${folder}\n${typed(block)}`], { env, ready: async said => await listens(port) && (block?.shows === undefined ? /Bokeh app running|Who may enter/.test(said) : isShown(block.shows, stage.unfill(said))) })
  }
  const [app, settings, served, gate, bare, moved] = blocksOf(page).filter(({ marker }) => marker === 'by test/panel/page.test.ts')
  for (const block of [app, settings]) execFileSync('sh', ['-eu', '-c', typed(block)], { cwd: folder, env })
  const before = await run(served, stage.ports.app)
  const sent = await fetch(`http://127.0.0.1:${stage.ports.app}/login`, { redirect: 'manual' })
  t.match(sent.headers.get('location'), /^https:\/\/github\.com\/login\/oauth\/authorize\?/, 'by itself the app sends people to the provider: its settings are as they were')
  const between = await run(gate, stage.ports.gate)
  await greets(t, world.browser(), `http://127.0.0.1:${stage.ports.gate}`)

  for (const { stop } of [before, between]) await stop()
  await run(bare, stage.ports.otherApp)
  const own = await fetch(`http://127.0.0.1:${stage.ports.otherApp}/login`, { redirect: 'manual' })
  t.equal(own.status, 404, 'at the end the app signs in nobody itself')
  await run(moved, stage.ports.app)
  await greets(t, world.browser(), `http://127.0.0.1:${stage.ports.app}`)
})

/** Ada signs in at the gate, and the app knows her once its websocket is open. */
async function greets (t: Test, ada: ReturnType<World['browser']>, home: string): Promise<void> {
  const greeted = await ada.signIn(`${home}/app`, 'ada')
  t.match(greeted, { status: 200, address: `${home}/app` })
  const cookie = [...ada.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const session = await openSession(`${home}/app`, tokenOf(greeted.body), { cookie, origin: home })
  t.teardown(session.close)
  t.match(await session.document(), /Hello ada/)
  t.equal((await fetch(`${home}/app`)).status, 401, 'and nobody else is')
}
