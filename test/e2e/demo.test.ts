import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import { people } from '../../src/demo/people.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'

/** The command as a person runs it, in a process of its own. */
function run (t: Test, ...args: string[]) {
  const child = spawn(process.execPath, ['bin/oauth-gate.js', 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  const errors = text(child.stderr)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, ended, errors }
}

async function startDemo (t: Test) {
  const { child, ended, errors } = run(t, '--port=0')
  let said = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('Ctrl-C')) break
  }
  child.stdout.resume()
  const url = /http:\/\/\S+/.exec(said)?.[0]
  if (url === undefined) throw new Error(`the demo named no URL: ${said}${await errors}`)
  return { child, ended, errors, said, url }
}

// For all that leaves it as it was: to start one takes longer than to use it.
const shared = await startDemo(t)

const allowed: Readonly<Record<string, readonly string[]>> = { ada: ['/', '/editors', '/admin'], ben: ['/', '/editors'], cleo: ['/'], dev: ['/'] }

t.test('the demo names one URL and four people', async t => {
  const { said, url } = shared
  t.equal(said.match(/http:/g)?.length, 1)
  for (const { claims, about } of people) t.match(said, `${String(claims['name'])} `, about)
  t.equal((await fetch(`${url}public`)).status, 200, 'the public page asks nobody')
  const refused = await fetch(`${url}headers.json`)
  t.equal(refused.status, 401, 'anything else asks who you are')
  t.match(await refused.text(), 'sign_in')
})

t.test('each of the four signs in with a browser and gets where the demo says, and nowhere else', async t => {
  const { url } = shared
  const browser = await launchBrowser(t)
  if (!browser) return
  for (const person of people) {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${url}reports/2026?region=north&unit=%C3%A9t%C3%A9`)
    if (person.login === 'ada') await screenshot(page, 'demo-choice')
    await signInAs(page, person)
    t.equal(page.url(), `${url}reports/2026?region=north&unit=%C3%A9t%C3%A9`, 'the deep link survives')
    t.match(await page.locator('#who').textContent(), String(person.claims['email']))
    for (const path of ['/', '/editors', '/admin']) {
      const response = await page.goto(new URL(path, url).href)
      t.equal(response?.status(), allowed[person.login]?.includes(path) ? 200 : 403, `${person.login} at ${path}`)
      if (path === '/admin') await screenshot(page, `demo-admin-${person.login}`)
    }
    await page.goto(url)
    await page.locator('#socket', { hasText: `${String(person.claims['email'])}: hello over a websocket` }).waitFor()
    await page.locator('#stream', { hasText: `${String(person.claims['email'])}, it is` }).waitFor()
    if (person.login === 'ada') await screenshot(page, 'demo-app')
    t.notMatch(await page.content(), /_session|_interaction|oauth-gate-/, 'the app gets no cookie of the provider’s or the gate’s')
    await context.close()
  }
})

t.test('after signing out, or being refused, the same browser can be somebody else', async t => {
  const { url } = shared
  const browser = await launchBrowser(t)
  if (!browser) return
  const page = await browser.newPage({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
  await page.goto(url)
  await screenshot(page, 'demo-choice-phone-dark')
  await signInAs(page, { login: 'ada' })
  await screenshot(page, 'demo-app-phone-dark')
  t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'nothing is wider than a phone')
  await page.getByRole('link', { name: 'Sign out' }).click()
  t.match(page.url(), '/oauth2/sign_out')
  await page.goto(url)
  await signInAs(page, { login: 'ben' })
  t.match(await page.locator('#who').textContent(), 'ben@example.com')
  t.equal((await page.goto(`${url}admin`))?.status(), 403)
  await page.getByRole('link', { name: 'Use another account' }).click()
  await signInAs(page, { login: 'ada' })
  t.equal(page.url(), `${url}admin`, 'and whoever is refused a page can come back to it as somebody else')
  t.match(await page.locator('#who').textContent(), 'ada@example.com')
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends the demo within a second, also with a stream and a websocket open`, async t => {
    const { child, ended, errors, url } = await startDemo(t)
    const browser = await launchBrowser(t)
    if (browser) {
      const page = await browser.newPage()
      await page.goto(url)
      await signInAs(page, { login: 'cleo' })
      await page.locator('#socket', { hasText: 'hello' }).waitFor()
    }
    const began = performance.now()
    child.kill(signal)
    t.strictSame(await ended, [0, null])
    t.ok(performance.now() - began < 1000, `took ${Math.round(performance.now() - began)} ms`)
    t.equal(await errors, '', 'and nothing was complained about in its whole life')
    await t.rejects(fetch(url), 'nobody listens any more')
  })
}

t.test('it refuses an address that others could reach, and says so in one sentence', async t => {
  for (const address of ['0.0.0.0', '::', '192.168.1.10']) {
    const { ended, errors, child } = run(t, '--port=0', `--address=${address}`)
    t.strictSame(await ended, [1, null])
    t.match(await errors, new RegExp(`^oauth-gate: [^\n]*${address} is not a loopback address\\.\n$`))
    t.equal(await text(child.stdout), '', 'and offers no URL')
  }
})

t.test('it says which port is taken and how to get another', async t => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  t.teardown(() => squatter.close())
  const { port } = squatter.address() as AddressInfo
  const { ended, errors } = run(t, `--port=${port}`)
  t.strictSame(await ended, [1, null])
  t.match(await errors, new RegExp(`^oauth-gate: Port ${port} is in use[^\n]*--port=0[^\n]*\n$`))
})
