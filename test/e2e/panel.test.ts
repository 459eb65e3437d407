import t from 'tap'
import { people } from '../../src/demo/people.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { freePort, startGate } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { opensFrom, startPanel } from '../panel/serve.ts'

t.test('a Panel app is reached after sign-in, is told who it is, and its websocket works', async t => {
  const interpreter = python(t, 'panel')
  const browser = interpreter === null ? undefined : await launchBrowser(t)
  if (interpreter === null || browser === undefined) return
  const port = await freePort()
  const { url } = await startPanel(t, interpreter, { apps: ['app'], flags: [opensFrom(port)] })
  const { origin } = await startGate(t, { port, app: { url, received: [] } })
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
