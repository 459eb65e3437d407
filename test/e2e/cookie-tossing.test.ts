// A sister domain of the gate's is an attacker's, and a real browser decides which cookies it may set for us.
import { createServer } from 'node:https'
import type { BrowserContext } from 'playwright-core'
import t from 'tap'
import { file } from '../config/setup.ts'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { server, serverKey } from '../fixtures/certificates.ts'
import { CLIENT, freePort, startGate } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { startServer } from '../fixtures/server.ts'

/** `Set-Cookie` lines by which a sister domain has tried to set a `__Host-` cookie of ours, and what does the same to an app that reads cookies loosely. */
const lines = (name: string, value: string): readonly string[] => [
  `${name}=${value}; Domain=gate.test; Path=/; Secure`, `${name}=${value}; Domain=gate.test; Path=/oauth2; Secure`, ` ${name}=${value}; Domain=gate.test; Path=/; Secure`, `=${name}=${value}; Domain=gate.test; Path=/; Secure`,
  `${name.toLowerCase()}=${value}; Domain=gate.test; Path=/; Secure`, `${name.toUpperCase()}=${value}; Domain=gate.test; Path=/; Secure`, `$Version=1,${name}=${value}; Domain=gate.test; Path=/; Secure`, `"${name}"=${value}; Domain=gate.test; Path=/; Secure`,
  `\xa0${name}=${value}; Domain=gate.test; Path=/; Secure`, `\u00e2\u0080\u0080${name}=${value}; Domain=gate.test; Path=/; Secure`, `a=1, ${name}=${value}; Domain=gate.test; Path=/; Secure`, `${name}=${value}; Domain=app.gate.test; Path=/; Secure`
]

t.test('cookie tossing: a sister domain neither replaces a session on https nor gives somebody its own, in a real browser', onlyInCi('a browser'), async t => {
  t.setTimeout(90_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const port = await freePort()
  const origin = `https://app.gate.test:${port}`
  const { provider } = await startGate(t, { port, settings: { publicUrl: origin, sslCertfile: file(t, 'cert.pem', server), sslKeyfile: file(t, 'key.pem', serverKey) } })
  provider.setRedirectUris(CLIENT.id, [origin])
  let tossed: readonly string[] = []
  const evil = createServer({ cert: server, key: serverKey }, (request, response) => {
    if (request.url === '/') response.setHeader('set-cookie', tossed)
    response.setHeader('content-type', 'text/html').end(`<title>evil</title><form method="post" action="${origin}/oauth2/sign_out"><button>win</button></form>`)
  })
  const evilOrigin = (await startServer(t, evil)).replace(/^http:\/\/127\.0\.0\.1/, 'https://evil.gate.test')
  const user = async (context: BrowserContext): Promise<string | undefined> => {
    const page = await context.newPage()
    const answer = await page.goto(`${origin}/oauth2/userinfo`)
    return answer?.status() === 200 ? ((await answer.json()) as { user?: string }).user : undefined
  }
  const person = async (login?: string): Promise<BrowserContext> => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    if (login === undefined) return context
    const page = await context.newPage()
    await page.goto(`${origin}/`)
    await signInAs(page, { login })
    return context
  }
  const mallory = await person('ben')
  const { name = '', value = '' } = (await mallory.cookies(origin)).find(({ name }) => name === '__Host-oauth-gate') ?? {}
  t.match(value, /^gAAAAA/, 'the attacker has a session of their own')
  tossed = lines(name, value)

  for (const login of ['ada', undefined]) {
    const victim = await person(login)
    const page = await victim.newPage()
    await page.goto(`${evilOrigin}/`)
    for (const line of tossed) await page.evaluate(text => { (globalThis as unknown as { document: { cookie: string } }).document.cookie = text }, line)
    t.not((await victim.cookies(origin)).length, login === undefined ? 0 : 1, 'something of it is there')
    t.equal(await user(victim), login === undefined ? undefined : 'ada@example.com', 'and it is nobody’s session, and takes none away')
    await page.goto(`${evilOrigin}/form`)
    await Promise.all([page.waitForURL(`${origin}/**`), page.getByRole('button').click()])
    t.match(await page.textContent('main'), /Sign out\?/, 'a form of a sister domain only asks')
    t.equal(await user(victim), login === undefined ? undefined : 'ada@example.com')
  }
})
