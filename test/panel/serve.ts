import { delimiter, dirname } from 'node:path'
import type { Test } from 'tap'
import { keepRunning } from '../docs/stage.ts'
import { freePort } from '../fixtures/gate.ts'

export interface PanelSetup {
  /** Names in test/panel/apps, without `.py`; each is a page. */
  readonly apps: readonly string[]
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface PanelServer {
  readonly url: string
  /** Everything it has written. */
  said (): string
}

/**
 * A `panel serve` line as a person types it into a shell, in the folder of the apps. Ends with the test.
 *
 * @returns when it serves: what gives all it has written so far
 * @throws what it wrote, if it ended before it served
 */
export async function typePanelServe (t: Test, interpreter: string, line: string, env: Readonly<Record<string, string>> = {}): Promise<PanelServer['said']> {
  const { PATH = '', HOME = '' } = process.env
  const { said } = await keepRunning(t, '/bin/sh', ['-c', `cd test/panel/apps\n${line}`], {
    env: { HOME, PATH: dirname(interpreter) + delimiter + PATH, ...env }, // and nothing that Panel might read of whoever runs the tests
    ready: text => text.includes('Starting Bokeh server with process id') // behind the addresses of all apps
  })
  return said
}

/** `panel serve` with these apps, at a port of its own, and nothing that is not said. */
export async function startPanel (t: Test, interpreter: string, { apps, flags = [], env = {} }: PanelSetup): Promise<PanelServer> {
  const port = await freePort()
  const line = ['panel serve', ...apps.map(name => `${name}.py`), `--port=${port} --address=127.0.0.1`, ...flags].join(' ')
  return { url: `http://127.0.0.1:${port}`, said: await typePanelServe(t, interpreter, line, env) }
}

/** The flag by which an app takes websockets from the pages of a gate at this port. */
export const opensFrom = (port: number): string => `--allow-websocket-origin=127.0.0.1:${port}`
