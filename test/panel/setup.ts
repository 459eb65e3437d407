import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { COOKIE_SECRET, freePort, startGate, type Running } from '../fixtures/gate.ts'
import type { Visitor } from '../fixtures/visitor.ts'
import { opensFrom, startPanel, type PanelServer, type PanelSetup } from './serve.ts'

/** What the gate and an app with a sign-in of its own both have. */
export const ENCRYPTION_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

export interface Lifted extends Running {
  readonly panel: PanelServer
}

/** Every setting that an app with a sign-in of its own has, but for its key. Its provider is where nobody answers: whoever is sent there is lost. */
export const ownSignIn: Readonly<Record<string, string>> = {
  PANEL_OAUTH_PROVIDER: 'generic', PANEL_OAUTH_KEY: 'the-app-itself', PANEL_OAUTH_SECRET: 'its-own-secret', PANEL_COOKIE_SECRET: COOKIE_SECRET,
  PANEL_OAUTH_AUTHORIZE_URL: 'http://127.0.0.1:9/authorize', PANEL_OAUTH_TOKEN_URL: 'http://127.0.0.1:9/token', PANEL_OAUTH_USER_URL: 'http://127.0.0.1:9/user'
}

/** The two ways in which an app comes behind the gate: with nothing but the secret, and with all that it signed people in by before. */
export const ways: Readonly<Record<string, { readonly env: Readonly<Record<string, string>>, readonly settings: Settings }>> = {
  'only PANEL_COOKIE_SECRET': { env: { PANEL_COOKIE_SECRET: COOKIE_SECRET }, settings: {} },
  'its own PANEL_OAUTH_* still set': { env: { ...ownSignIn, PANEL_OAUTH_ENCRYPTION: ENCRYPTION_KEY }, settings: { oauthEncryptionKey: [ENCRYPTION_KEY] } }
}

/** A gate before real Panel apps, which get Panel's cookies. */
export async function startLifted (t: Test, interpreter: string, { settings = {}, flags = [], ...setup }: PanelSetup & { readonly settings?: Settings }): Promise<Lifted> {
  const port = await freePort()
  const panel = await startPanel(t, interpreter, { ...setup, flags: [opensFrom(port), ...flags] })
  return { ...await startBefore(t, panel, port, settings), panel }
}

/** A gate before apps that are there already, and open websockets from its pages. */
export async function startBefore (t: Test, { url }: PanelServer, port: number, settings: Settings = {}): Promise<Running> {
  return await startGate(t, { port, app: { url, received: [] }, settings: { upstreamIdentity: 'panel-cookies', ...settings } })
}

/** The headers of a websocket that this visitor's browser opens from the gate's own page. */
export function handshake ({ origin }: Pick<Running, 'origin'>, visitor: Visitor): Record<string, string> {
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  return { origin, ...cookie !== '' && { cookie } }
}

export interface Seen {
  readonly user: string | null
  readonly user_info: Readonly<Record<string, unknown>> | string | null
  readonly access_token: string | null
  readonly refresh_token: string | null
  readonly email: string | null
  readonly token: boolean
  readonly arguments: readonly string[]
  readonly cookies: readonly string[]
  /** What the header of the gate said. */
  readonly told: string | null
}

/** What apps/who.py shows behind a word, once it shows it. */
export async function seenBy (page: Page, word: 'page' | 'opened'): Promise<Seen> {
  const text = await page.getByText(`${word} {`).textContent()
  return JSON.parse((text ?? '').slice(word.length)) as Seen
}

/** The same without a browser, out of its page or of the document that came by its websocket; undefined where there is none. */
export function seenIn (text: string): Seen | undefined {
  const [, title] = /who:([\w=-]+)/.exec(text.replaceAll('&#x3D;', '=')) ?? []
  return title === undefined ? undefined : JSON.parse(Buffer.from(title, 'base64url').toString()) as Seen
}
