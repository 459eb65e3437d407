import type { ConfigProblem } from './config-error.ts'
import { isOn } from './kinds/scalars.ts'

/** A setting of Panel or Bokeh that the gate has none for. */
interface Refused {
  /** Without dashes. */
  readonly flag?: string
  readonly env?: string
  /** The best that there is instead. */
  readonly fix: string
}

/** What has to do with signing in, and is not here. */
const absent: readonly Refused[] = [
  { flag: 'auth-module', env: 'BOKEH_AUTH_MODULE', fix: 'Bokeh’s hooks are the app’s own: leave them to its panel serve line. The gate’s way to sign people in is --oauth-provider.' }
]

const OWN_LINE = 'It belongs to the app’s own panel serve line.'

/** Flags of `panel serve` that are about serving an app, most with nothing to add. */
const flags: Readonly<Record<string, string>> = {
  ...Object.fromEntries([
    'admin', 'admin-endpoint', 'admin-log-level', 'args', 'autoreload', 'check-unused-sessions', 'dev', 'disable-index', 'disable-index-redirect', 'exclude-cookies', 'exclude-headers', 'glob',
    'global-loading-spinner', 'ico-path', 'include-cookies', 'include-headers', 'index', 'index-titles', 'keep-alive', 'mem-log-frequency', 'num-threads', 'plugins', 'profiler', 'rest-endpoint', 'rest-provider',
    'rest-session-info', 'reuse-sessions', 'session-history', 'session-token-expiration', 'setup', 'show', 'static-dirs', 'stats-log-frequency', 'unused-session-lifetime', 'use-config', 'warm',
    'websocket-compression-level', 'websocket-compression-mem-level', 'websocket-max-message-size'
  ].map(flag => [flag, OWN_LINE])),
  'num-procs': `${OWN_LINE} The gate is one process.`,
  'session-ids': `${OWN_LINE} Sign sessions there, with BOKEH_SIGN_SESSIONS and BOKEH_SECRET_KEY.`,
  'enable-xsrf-cookies': `${OWN_LINE} The gate’s own forms are protected without it.`,
  liveness: `${OWN_LINE} The gate’s own is at /ping: --ping-path says where else.`,
  'liveness-endpoint': `${OWN_LINE} The gate’s own is --ping-path.`,
  'log-file': 'The gate writes its log to standard output: send that to a file.'
}

/** Variables that may be there for the app, and say nothing to the gate. */
const others: Readonly<Record<string, string>> = {
  BOKEH_SIGN_SESSIONS: 'is for the app',
  BOKEH_SECRET_KEY: 'is for the app',
  BOKEH_XSRF_COOKIES: 'is for the app; the gate’s own forms are protected without it'
}

/** Variables that hardly anybody has but with an app of Panel's. */
export function tellsOfPanel (name: string): boolean {
  return Object.hasOwn(others, name) || /^PANEL_(?:OAUTH|COOKIE|BASIC)_/.test(name)
}

/** What the files of an app end with, as arguments of `panel serve`. */
const APP_FILE = /\.(?:py|ipynb|md|html|yaml|yml)$/i

/** @param written as it was written: `--admin`; @param flag its name without dashes */
export function refusedFlag (written: string, flag: string): ConfigProblem | undefined {
  const known = absent.find(refused => refused.flag === flag)
  if (known !== undefined) return missing(written, known)
  const fix = Object.hasOwn(flags, flag) ? flags[flag] : undefined
  return fix === undefined ? undefined : { setting: flag, message: `${written} is a flag of panel serve, and none of oauth-gate.`, fix }
}

export function refusedVariable (name: string): ConfigProblem | undefined {
  const known = absent.find(refused => refused.env === name)
  return known === undefined ? undefined : missing(name, known)
}

/** A variable that asks for nothing, or nothing of the gate: why it is passed over. */
export function passedOver (name: string): string | undefined {
  const why = Object.hasOwn(others, name) ? others[name] : undefined
  return why === undefined ? undefined : `${name} ${why}: it is not used`
}

/** Switches that Panel reads as off by a word that is on here. One that opens something is not guessed at: an app that was closed would be open to everyone. */
export function readOtherwise (name: string, value: string): { readonly problem?: ConfigProblem, readonly notice?: string } {
  if (/^(?:1|true)$/i.test(value) || !isOn(value)) return {}
  const reading = `${name}=${JSON.stringify(value)} is off in Panel, which knows 1 and true alone`
  if (name === 'PANEL_OAUTH_REFRESH_TOKENS') return { notice: `${reading}, and is on here` }
  if (name !== 'PANEL_OAUTH_OPTIONAL') return {}
  return { problem: { setting: 'oauth-optional', message: `${reading}; here it would open the app to everyone.`, fix: `Set ${name}=true if everyone may pass without a sign-in, ${name}=false if not.` } }
}

export function refusedFile (text: string, before: string): ConfigProblem | undefined {
  if (!APP_FILE.test(text)) return undefined
  return { setting: before, message: `A file of the app stands after ${before}, and belongs to the app’s own panel serve line.`, fix: 'Start the app by itself, and name where it listens: --upstream=http://localhost:5006.' }
}

function missing (written: string, { flag = '', fix }: Refused): ConfigProblem {
  return { setting: flag, message: `${written} is a setting of Panel that this version of oauth-gate does not have.`, fix }
}
