import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { COOKIE_SECRET, freePort, startGate, type Running } from '../fixtures/gate.ts'
import type { Visitor } from '../fixtures/visitor.ts'
import { ownSignIn, startPanel, type PanelServer, type PanelSetup } from './serve.ts'

/** What the gate and an app with a sign-in of its own both have. */
export const ENCRYPTION_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

export interface Lifted extends Running {
  readonly panel: PanelServer
}

/** The two ways in which an app comes behind the gate: with nothing but the secret, and with all that it signed people in by before. */
export const ways: Readonly<Record<string, { readonly env: Readonly<Record<string, string>>, readonly settings: Settings }>> = {
  'only PANEL_COOKIE_SECRET': { env: { PANEL_COOKIE_SECRET: COOKIE_SECRET }, settings: {} },
  'its own PANEL_OAUTH_* still set': { env: ownSignIn(COOKIE_SECRET, ENCRYPTION_KEY), settings: { oauthEncryptionKey: [ENCRYPTION_KEY] } }
}

/** A gate before real Panel apps, which get Panel's cookies. */
export async function startLifted (t: Test, interpreter: string, { settings = {}, ...panelSetup }: Omit<PanelSetup, 'origin'> & { readonly settings?: Settings }): Promise<Lifted> {
  const port = await freePort()
  const panel = await startPanel(t, interpreter, { origin: `http://127.0.0.1:${port}`, ...panelSetup })
  const running = await startGate(t, { port, app: { url: panel.url, received: [] }, settings: { upstreamIdentity: 'panel-cookies', ...settings } })
  return { ...running, panel }
}

/** The headers of a websocket that this visitor's browser opens from the gate's own page. */
export function handshake ({ origin }: Running, visitor: Visitor): Record<string, string> {
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  return { origin, ...cookie !== '' && { cookie } }
}

export interface Seen {
  readonly user: string | null
  readonly email: string | null
  readonly token: boolean
  /** What the header of the gate said. */
  readonly told: string | null
}

/** What apps/who.py shows behind a word, once it shows it. */
export async function seenBy (page: Page, word: 'page' | 'opened'): Promise<Seen> {
  const text = await page.getByText(`${word} {`).textContent()
  return JSON.parse((text ?? '').slice(word.length)) as Seen
}

/** The same out of a document that came by a websocket without a browser; undefined where there is none. */
export function seenIn (document: string): Seen | undefined {
  const [, json] = /page (\{.*?\})/.exec(document.replaceAll(/&quot;/g, '"')) ?? []
  return json === undefined ? undefined : JSON.parse(json) as Seen
}
