import type { Test } from 'tap'
import { COOKIE_SECRET, CLIENT, freePort, startGate, type LogLine, type Running } from '../fixtures/gate.ts'
import { startInjector, type Injector } from '../fixtures/injector.ts'
import type { TestRedis } from '../fixtures/redis.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'
import { startFaultyApp, type FaultyApp } from './app.ts'

export type Link = 'app' | 'provider' | 'store'

/** A whole gate with an injector on each of its three ways, and two people who are signed in. */
export interface Stage {
  readonly origin: string
  readonly running: Running
  readonly links: Readonly<Record<Link, Injector>>
  readonly app: FaultyApp
  readonly log: LogLine[]
  readonly ada: Visitor
  readonly ben: Visitor
}

/** What the app has for the beginning of its answer. */
const PATIENCE = '2s'
/** Seconds that an access token lasts, and milliseconds after which it is renewed. */
const LIFE = 300
export const DUE = 245_000

export async function setStage (t: Test, redis: TestRedis, { rotates = false } = {}): Promise<Stage> {
  const [app, providerPort, log] = [await startFaultyApp(t), await freePort(), [] as LogLine[]]
  const links = {
    app: await startInjector(t, { to: app.port }),
    provider: await startInjector(t, { to: providerPort }),
    store: await startInjector(t, { to: redis.port })
  }
  const running = await startGate(t, {
    log, app: { url: `http://127.0.0.1:${links.app.port}`, received: [] },
    provider: { address: '127.0.0.1', port: providerPort, issuer: `http://localhost:${links.provider.port}`, refreshTokens: true, rotates, accessTokenLife: LIFE },
    settings: { sessionStore: `redis://127.0.0.1:${links.store.port}`, oauthRefreshTokens: true, upstreamTimeout: PATIENCE, allowedDomains: ['example.com'] }
  })
  const { origin, outside } = running
  let told = Date.now()
  const timer = setInterval(() => {
    outside.advance(Date.now() - told)
    told = Date.now()
  }, 20)
  t.teardown(() => { clearInterval(timer) })
  const [ada, ben] = [new Visitor(), new Visitor()]
  t.equal((await ada.signIn(`${origin}/page`, 'ada')).status, 200)
  t.equal((await ben.signIn(`${origin}/page`, 'ben')).status, 200)
  return { origin, running, links, app, log, ada, ben }
}

/** What must not stand in a log, whatever goes wrong. */
export function secretsOf ({ ada, ben }: Stage): readonly string[] {
  const cookies = [ada, ben].flatMap(visitor => cookiesOf(visitor).split('; ').map(cookie => cookie.replace(/^[^=]*=/, ''))).filter(value => value.length > 20)
  return [CLIENT.secret, COOKIE_SECRET, ...cookies]
}
