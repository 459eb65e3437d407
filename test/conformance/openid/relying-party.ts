// A real gate as the relying party of a conformance test.
import type { Test } from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import type { Settings } from '../../../src/config/options.ts'
import { createGate } from '../../../src/gate.ts'
import { COOKIE_SECRET, freePort, startApp, type TestApp } from '../../fixtures/gate.ts'
import { TestOutside } from '../../fixtures/outside.ts'
import type { Answer, Visitor } from '../../fixtures/visitor.ts'
import { CLIENT, startConformanceProvider, type ClientAuth, type ConformanceProvider, type Twist } from './provider.ts'

export interface Running {
  readonly origin: string
  readonly provider: ConformanceProvider
  readonly app: TestApp
  readonly outside: TestOutside
  readonly auth: ClientAuth
  /** Wants a page, and follows wherever that leads. */
  signIn (visitor: Visitor): Promise<Answer & { readonly address: string }>
}

export async function startRelyingParty (t: Test, { twist = {}, auth, settings }: { readonly twist?: Twist | undefined, readonly auth: ClientAuth, readonly settings?: (origin: string) => Settings }): Promise<Running> {
  const [outside, app, port] = [new TestOutside(), await startApp(t), await freePort()]
  const origin = `http://127.0.0.1:${port}`
  const provider = await startConformanceProvider(t, { twist, auth, redirectUri: origin, now: () => outside.now() })
  const { config } = loadConfig({
    env: {},
    settings: {
      upstream: [app.url], port, oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret,
      cookieSecret: COOKIE_SECRET, logLevel: 'silent', ...settings?.(origin)
    }
  })
  const gate = await createGate(config, outside)
  t.teardown(() => gate.close())
  await gate.listen({ host: '127.0.0.1', port })
  return { origin, provider, app, outside, auth, signIn: visitor => visitor.follow(`${origin}/page`) }
}
