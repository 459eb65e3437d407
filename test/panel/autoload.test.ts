// The script that Bokeh makes for whoever embeds an app, with the visitor's token in it, as other pages of the same site try to get it: other ports of this host are such.
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { startGate } from '../fixtures/gate.ts'
import { personCalled } from '../fixtures/people.ts'
import { python } from '../fixtures/python.ts'
import { startServer } from '../fixtures/server.ts'
import { seenBy, startLifted, ways } from './setup.ts'

t.setTimeout(170_000)

interface Portal { url: string, markup: string }

/** A page of somebody else's, whose markup is written once the address of the app is known. */
async function startPortal (t: Test): Promise<Portal> {
  const portal: Portal = { url: '', markup: '' }
  portal.url = await startServer(t, createServer((_request, response) => { response.setHeader('content-type', 'text/html; charset=utf-8').end(portal.markup) }))
  return portal
}

/** Fetches the script ahead, and runs it before a Bokeh of its own. */
const thief = (script: string) => `<!doctype html><div id="e1"></div><script>
  window.got = []
  const embed = (...all) => { got.push(JSON.stringify(all)) }
  window.Bokeh = { embed: { embed_items: embed, embed_items_notebook: embed }, safely: run => run(), set_log_level () {}, require: () => ({}), version: '0', versions: new Map(), index: {} }
</script><link rel="prefetch" as="script" href="${script}"><script src="${script}"></script><script src="${script}&x=1" crossorigin="use-credentials"></script>`

/** What this page then has: by its scripts, and by reading. */
async function takenBy (page: Page, portal: Portal, script: string): Promise<{ readonly run: string, readonly read: string }> {
  portal.markup = thief(script)
  await page.goto(portal.url)
  await page.waitForTimeout(2_500) // Panel's script waits a while for what it loads
  const read = await page.evaluate<string>(`Promise.all([fetch(${JSON.stringify(script)}, { credentials: 'include' }).then(answer => answer.text(), String), import(${JSON.stringify(script)}).catch(String)]).then(String)`)
  return { run: await page.evaluate<string>('got.join()'), read }
}

async function signedIn (browser: Browser, address: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(address)
  await signInAs(page, personCalled('ada'))
  return page
}

const scriptOf = (origin: string) => `${origin}/who/autoload.js?bokeh-autoload-element=e1&bokeh-app-path=/who&bokeh-absolute-url=${origin}/who`

t.test('a page of another origin learns no session token from autoload.js, by script tag or by fetch', async t => {
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const [named, evil] = [await startPortal(t), await startPortal(t)]

  await t.test('of an app that lets every origin read it, as Bokeh’s own do', async t => {
    const asked: string[] = []
    const app = createServer(({ url = '', headers }, response) => {
      asked.push(url)
      response.writeHead(200, { 'content-type': 'application/javascript', 'access-control-allow-origin': headers.origin ?? '*', 'access-control-allow-credentials': 'true' })
      response.end('Bokeh.embed.embed_items({}, [{ token: "token-of-ada" }])')
    })
    const { origin } = await startGate(t, { app: { url: await startServer(t, app), received: [] }, settings: { app: 'bokeh', allowWebsocketOrigin: [named.url] } })
    const page = await signedIn(browser, `${origin}/who`)
    t.match(await takenBy(page, named, scriptOf(origin)), { run: /token-of-ada.*token-of-ada/, read: /token-of-ada/ }, 'a page that was named can do all of it')
    asked.length = 0
    const { run, read } = await takenBy(page, evil, scriptOf(origin))
    t.equal(run, '', 'and any other runs nothing')
    t.notMatch(read, 'token-of-ada', 'and reads nothing')
    t.strictSame(asked, [], 'the app is not even asked')
  })

  await t.test('of Panel, where embedding goes on', async t => {
    const interpreter = python(t, 'panel')
    if (interpreter === null) return
    const { env } = ways['only PANEL_COOKIE_SECRET'] as typeof ways[string]
    const { origin } = await startLifted(t, interpreter, { apps: ['who'], env, flags: [`--allow-websocket-origin=${new URL(named.url).host}`], settings: { app: 'panel', allowWebsocketOrigin: [named.url] } })
    const script = `${origin}/who/autoload.js?bokeh-autoload-element=e1&bokeh-app-path=/who&resources=none`
    const page = await signedIn(browser, `${origin}/who`)
    t.match(await seenBy(page, 'opened'), { user: 'ada@example.com' })
    t.match(await takenBy(page, named, script), { run: /"token":"/ }, 'a page that was named runs the script, and has the token')
    t.notMatch(await takenBy(page, evil, script), { run: /token/ }, 'and any other has nothing')
    named.markup = `<!doctype html><div id="e1"></div><script src="${scriptOf(origin)}"></script>`
    await page.goto(named.url)
    t.match(await seenBy(page, 'opened'), { user: 'ada@example.com' }, 'the app works in the page that was named')
    await page.goto(`${origin}/who`)
    t.match(await page.evaluate(async script => await (await fetch(script)).text(), script), /"token":"/, 'and its own pages get the script')
  })
})
