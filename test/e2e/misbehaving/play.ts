// Plays one row: a browser, the real gate, the provider of the row, and an app that remembers.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import type { Settings } from '../../../src/config/options.ts'
import { createGate } from '../../../src/gate.ts'
import { COOKIE_SECRET, divert, freePort, startApp, type LogLine, type TestApp } from '../../fixtures/gate.ts'
import { TestOutside } from '../../fixtures/outside.ts'
import { Visitor, type Answer } from '../../fixtures/visitor.ts'
import { client, startMisbehaving, text, type Misbehaving } from './provider.ts'
import { ADA, STATUS, type Does, type Row } from './row.ts'

export interface Stage {
  readonly origin: string
  readonly provider: Misbehaving
  readonly app: TestApp
  readonly outside: TestOutside
  readonly log: LogLine[]
}

type Going = Answer & { readonly hops: readonly Answer[] }

/** @param does what the provider does from the first moment on */
export async function raise (t: Test, settings: Row['settings'] = {}, does: Does = {}): Promise<Stage> {
  const [outside, log] = [new TestOutside(), [] as LogLine[]]
  const provider = await startMisbehaving(outside)
  t.teardown(() => provider.close())
  provider.does(does)
  await does.first?.(provider)
  const [app, port] = [await startApp(t), await freePort()]
  const { config } = loadConfig({ env: {}, settings: {
    upstream: [app.url], port, oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: client.id, oauthSecret: client.secret, cookieSecret: COOKIE_SECRET, oauthRedirectUri: `http://127.0.0.1:${port}/oauth2/callback`, logLevel: 'trace', logFormat: 'json', ...settings as Settings
  } })
  const gate = await createGate(config, outside)
  t.teardown(() => gate.close())
  divert(gate, log)
  await gate.listen({ host: '127.0.0.1', port })
  return { origin: `http://127.0.0.1:${port}`, provider, app, outside, log }
}

/** Follows a link as a browser does, which keeps what comes after a # to itself. */
export async function go (visitor: Visitor, address: string): Promise<Going> {
  const hops: Answer[] = []
  for (let at = address; ;) {
    const answer = await visitor.navigate(at.replace(/#.*/s, ''))
    hops.push(answer)
    if (answer.location === '' || hops.length > 12) return { ...answer, hops }
    at = new URL(answer.location, at).href
  }
}

/** An honest sign-in, which nothing that was before may keep from being one: what a gate has learned wrong, at most once more. */
export async function signInHonestly (t: Test, { origin, provider, app }: Stage, patience = 1): Promise<void> {
  provider.does({})
  let status = 0
  for (let tries = 0; tries < patience && status !== 200; tries++) {
    if (tries > 0) await sleep(10)
    status = (await go(new Visitor(), `${origin}/honest`)).status
  }
  t.equal(status, 200, 'and an honest sign-in is one')
  t.match(app.received.at(-1)?.headers, ADA)
}

export async function play (t: Test, row: Row, shared?: Stage): Promise<void> {
  const stage = shared ?? await raise(t, row.settings, row.does)
  const { origin, provider, app, log, outside } = stage
  if (row.another === true) {
    provider.does({ answers: { '/authorize': () => text('who are you?') } })
    await go(new Visitor(), `${origin}/another`)
  }
  outside.advance(row.after ?? 0)
  if (shared !== undefined) {
    provider.does(row.does)
    await row.does.first?.(provider)
  }
  const before = { app: app.received.length, here: shared === undefined ? 0 : provider.here.requests.length, log: shared === undefined ? 0 : log.length }
  const visitor = new Visitor()
  const end = await go(visitor, `${origin}/page?of=row`)
  const requests = provider.here.requests.slice(before.here)
  const lines = log.slice(before.log)
  const told = app.received.slice(before.app)
  const asked = requests.map(({ path }) => path.split('/').at(-1) ?? '').filter(name => name !== 'authorize').join(' ').replace('openid-configuration', 'discovery')

  if ('code' in row.expects) {
    const { code, says } = row.expects
    t.match(end, { status: STATUS[code], headers: { 'x-oauth-gate': code } }, `${code}: ${end.status} ${String(end.headers['x-oauth-gate'])}, ${JSON.stringify(lines.find(({ event }) => event === 'request.refused')?.['detail'])}`)
    t.match(lines.filter(({ event }) => event === 'request.refused').at(-1), { code, detail: says })
    t.equal(told.length, 0, 'the app hears of nobody')
    t.match(await visitor.navigate(`${origin}/page`), { status: 302, location: /\/oauth2\/start/ }, 'and nobody is signed in')
    t.equal(app.received.length, before.app)
    t.notOk(lines.some(({ event }) => event === 'login.succeeded'))
  } else {
    t.equal(end.status, 200, `${JSON.stringify(lines.find(({ event }) => event === 'request.refused')?.['detail'])}`)
    t.equal(told.length, 1)
    for (const [name, value] of Object.entries(row.expects.app)) {
      const header = told[0]?.headers[name]
      t.ok(value instanceof RegExp ? value.test(String(header)) : header === value, `${name}: ${String(header)}`)
    }
    t.equal((await visitor.navigate(`${origin}/page`)).status, 200, 'and somebody is signed in')
  }
  t.equal(asked, row.expects.asked, 'and nothing else was asked')
  checkSecrets(t, stage, { visitor, hops: end.hops, lines, requests })
  outside.advance(row.after ?? 0)
  if (shared === undefined) outside.advance(3_700_000) // after an hour a gate asks anew for what it has learned, behind the back of who comes first
  if ('code' in row.expects || shared === undefined) await signInHonestly(t, stage, shared === undefined ? 300 : 1)
}

/** What of all that is secret stands in these texts. */
export function secretsIn ({ provider, visitor }: { readonly provider: Misbehaving, readonly visitor: Visitor }, texts: readonly string[]): readonly string[] {
  const cookies = [...visitor.cookies.values()].flatMap(jar => [...jar.values()]).map(({ value }) => value)
  const secrets = [...provider.secrets, ...cookies, COOKIE_SECRET].filter(secret => secret.length > 15)
  return secrets.filter(secret => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')].some(spelled => texts.some(text => text.includes(spelled))))
}

/** Nothing secret in a line, on a page of ours, in an address of ours, or sent to whom it is not for. */
function checkSecrets (t: Test, { origin, provider }: Stage, { visitor, hops, lines, requests }: { visitor: Visitor, hops: readonly Answer[], lines: readonly LogLine[], requests: Misbehaving['here']['requests'] }): void {
  const ours = hops.filter(({ headers }) => 'x-oauth-gate' in headers).map(({ body }) => body)
  const addresses = visitor.seen.filter(address => address.startsWith(origin) && !/[?&](?:state|code|error)=/i.test(address))
  t.strictSame(secretsIn({ provider, visitor }, [...lines.map(line => JSON.stringify(line)), ...ours, ...addresses]), [], 'no secret in the log, on a page, or in an address')
  t.notOk(ours.some(body => body.includes(new URL(provider.issuer).host)), 'nor an address of the provider')
  t.ok(requests.filter(({ path }) => path === '/token').length <= 1, 'the code was sent once')
  for (const { path, headers, body } of requests.filter(({ path }) => path !== '/token')) {
    t.notOk(JSON.stringify([headers, [...body]]).includes(client.secret), `${path} did not get the client’s secret`)
    if (path === '/authorize') continue // of which browsers believe that it is the same host
    t.notOk(path !== '/user' && headers.authorization !== undefined, `${path} got no token`)
    t.equal(headers.cookie, undefined, 'and no cookie of its own back')
  }
  t.strictSame(provider.elsewhere.requests.map(({ path }) => path), [], 'nobody else heard of anything')
}
