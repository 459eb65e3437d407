import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { people } from '../../src/demo/people.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { freePort, startGate } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'

/** `panel serve` as a person runs it, told only which address its websocket may be opened from. */
async function startPanel (t: Test, interpreter: string, gateOrigin: string): Promise<string> {
  const port = await freePort()
  const child = spawn(interpreter, ['-m', 'panel', 'serve', 'test/fixtures/panel/app.py', `--port=${port}`, '--address=127.0.0.1', `--allow-websocket-origin=${new URL(gateOrigin).host}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for await (const chunk of child.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    if (String(chunk).includes('Bokeh app running at')) break
  }
  child.stderr.resume()
  child.stdout.resume()
  return `http://127.0.0.1:${port}`
}

t.test('a Panel app is reached after sign-in, is told who it is, and its websocket works', async t => {
  const interpreter = python(t, 'panel')
  const browser = interpreter === null ? undefined : await launchBrowser(t)
  if (interpreter === null || browser === undefined) return
  const port = await freePort()
  const app = await startPanel(t, interpreter, `http://127.0.0.1:${port}`)
  const { origin } = await startGate(t, { port, app: { url: app, received: [] } })
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${origin}/app`)
  await signInAs(page, people[0] as typeof people[number])
  await page.getByText('user ada@example.com in admins,staff').waitFor()
  await page.getByRole('button', { name: 'Click me' }).click()
  await page.getByText('clicked 1 times').waitFor()
  await screenshot(page, 'panel')
  t.pass('the page, the identity and the widget')

  const stranger = await fetch(`${origin}/app/metadata`)
  t.equal(stranger.status, 401, 'and nobody else reaches it')
})
