import type { Loaded } from '../config/load.ts'
import type { Config } from '../config/options.ts'
import { probeProvider, type Finding } from '../oauth/probe/index.ts'
import { outside as machine, type Outside } from '../outside.ts'
import { createOwnUrls } from '../own-urls.ts'
import { clientOptions } from '../active-provider.ts'
import { storeOf } from '../stores.ts'
import { listeningAt } from './listen.ts'
import { probePanel } from './probe-panel.ts'
import { probeStore } from './probe-store.ts'
import { reachUpstream } from './reach-upstream.ts'
import { startBlock } from './start-block.ts'
import { version } from './version.ts'

export interface CheckOptions {
  /** Whether provider, upstream and store are asked as well. */
  readonly live?: boolean
  readonly outside?: Outside
  readonly write?: (text: string) => void
}

const announcement = (asked: string, byCode: boolean): string => `
Asking ${asked}. The provider gets ${byCode ? 'one sign-in request that nobody completes, and\n' : ''}one token request with a code that nobody issued: its log will have a failed attempt of this client.

`

/** `oauth-gate check`: what would start, in words; with `live`, what it would meet. @returns the exit code: 1 if something is wrong */
export async function check ({ config, notices }: Loaded, { live = false, outside = machine, write = text => { process.stdout.write(text) } }: CheckOptions = {}): Promise<number> {
  const listening = listeningAt(config)
  write(startBlock({ config, version, listening, notices: config.port === 0 && config.unixSocket === undefined ? [...notices, 'port 0 stands for one that is chosen at start'] : notices }))
  const others = storeOf(config) === undefined ? ['the app'] : ['the app', 'the Redis']
  if (!live) {
    write(`\nThe settings are right. Whether ${others.length === 1 ? 'provider and app' : 'provider, app and Redis'} agree, --live asks.\n`)
    return 0
  }
  const flows = config.providers.map(({ provider }) => provider.flow)
  write(flows.some(flow => flow === 'code' || flow === 'password') ? announcement(others.length === 1 ? 'the provider and the app' : 'the provider, the app and the Redis', flows.includes('code')) : `\nAsking ${others.join(' and ')}.\n\n`)
  return await ask(config, listening, outside, write)
}

async function ask (config: Config, listening: string, outside: Outside, write: (text: string) => void): Promise<number> {
  const count = { ok: 0, wrong: 0, 'cannot tell': 0 }
  const tell = ({ verdict, what, text }: Finding): void => {
    count[verdict]++
    write(`${verdict.padEnd(11)}  ${what.padEnd(18)}  ${text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')}\n`)
  }
  for (const settings of config.providers) {
    if (config.providers.length > 1) write(`${settings.label} (${settings.id})\n`)
    if (settings.provider.flow === 'basic') tell({ verdict: 'ok', what: 'provider', text: 'the gate itself asks for the password' })
    else if (settings.provider.flow === 'handler') tell({ verdict: 'cannot tell', what: 'provider', text: `${settings.label} is not OAuth, and only its own plugin knows how to ask it` })
    else for await (const finding of probeProvider(clientOptions(settings, config, outside), registeredUri(config, listening))) tell(finding)
  }
  for (const upstream of config.upstream) {
    tell(await reachUpstream(upstream, config))
    const asked = await probePanel(upstream, config, outside)
    if (asked !== undefined) tell(asked)
  }
  const store = storeOf(config)
  if (store !== undefined) tell(await probeStore(store, outside))
  write(`\n${summary(count.wrong, count['cannot tell'])}\n`)
  return count.wrong === 0 ? 0 : 1
}

function summary (wrong: number, open: number): string {
  const found = wrong === 0 ? 'Nothing is wrong' : wrong === 1 ? 'One thing is wrong' : `${wrong} things are wrong`
  return `${found}${open === 0 ? '' : `; ${open} of the questions could not be answered`}.`
}

/** What people come back to, unless only they know: every address of the machine has a name of its own, and port 0 is none yet. */
function registeredUri (config: Config, listening: string): string | undefined {
  const { oauthRedirectUri, publicUrl, address, port, unixSocket, rootPath } = config
  const nameless = isEverywhere(address) || port === 0 || unixSocket !== undefined || rootPath !== '/'
  const origin = publicUrl?.origin ?? (nameless ? undefined : new URL(listening).origin)
  return oauthRedirectUri ?? (origin === undefined ? undefined : createOwnUrls(config).redirectUri(origin))
}

export function isEverywhere (address: string): boolean {
  return /^(?:0\.0\.0\.0|[0:]*:[0:]*)$/.test(address)
}
