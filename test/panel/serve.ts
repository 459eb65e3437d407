import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { freePort } from '../fixtures/gate.ts'

export interface PanelSetup {
  /** Names in test/panel/apps, without `.py`; each is a page. */
  readonly apps: readonly string[]
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** From where its websockets may be opened. */
  readonly origin: string
}

export interface PanelServer {
  readonly url: string
  /** Everything it has written. */
  said (): string
}

const folder = 'test/panel/apps'

/** `panel serve` as a person runs it, stopped when the test ends. @throws what it wrote, if it ended before it served */
export async function startPanel (t: Test, interpreter: string, { apps, flags = [], env = {}, origin }: PanelSetup): Promise<PanelServer> {
  const port = await freePort()
  const args = ['-m', 'panel', 'serve', ...apps.map(name => `${folder}/${name}.py`), `--port=${port}`, '--address=127.0.0.1', `--allow-websocket-origin=${new URL(origin).host}`, ...flags]
  const child = spawn(interpreter, args, { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let said = ''
  const serves = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
        if (said.split('Bokeh app running at').length > apps.length) resolve()
      })
    }
    child.on('exit', () => reject(new Error(`panel serve ended: ${said}`)))
  })
  await serves
  return { url: `http://127.0.0.1:${port}`, said: () => said }
}

/** Every setting that an app with a sign-in of its own has. Its provider is where nobody answers: whoever is sent there is lost. */
export function ownSignIn (cookieSecret: string, encryptionKey: string): Readonly<Record<string, string>> {
  return {
    PANEL_OAUTH_PROVIDER: 'generic', PANEL_OAUTH_KEY: 'the-app-itself', PANEL_OAUTH_SECRET: 'its-own-secret', PANEL_COOKIE_SECRET: cookieSecret, PANEL_OAUTH_ENCRYPTION: encryptionKey,
    PANEL_OAUTH_AUTHORIZE_URL: 'http://127.0.0.1:9/authorize', PANEL_OAUTH_TOKEN_URL: 'http://127.0.0.1:9/token', PANEL_OAUTH_USER_URL: 'http://127.0.0.1:9/user'
  }
}
