import { isDeepStrictEqual } from 'node:util'
import type { Loaded } from './load.ts'
import { flagOf, optionNames } from './names.ts'
import type { Config, OptionName } from './options.ts'

/** What a process has begun with and cannot change: where it listens, and where sessions and sign-outs are. */
const FIXED = ['address', 'port', 'unixSocket', 'maxHeaderSize', 'workers', 'sessionStore', 'revocationStore', 'storeCa', 'storeCert', 'storeKey'] as const satisfies readonly OptionName[]
const TLS = ['sslCertfile', 'sslKeyfile', 'sslPassword'] as const satisfies readonly OptionName[]

export interface Succession {
  /** With what cannot change as it was. */
  readonly loaded: Loaded
  /** The settings that are others now, by the names of their flags. */
  readonly changed: readonly string[]
  /** Those that would be, and are not before a restart. */
  readonly kept: readonly string[]
}

/** What comes of a configuration that follows another while the gate runs. */
export function follow (before: Loaded, next: Loaded): Succession {
  const begins = (next.config.sslCertfile === undefined) !== (before.config.sslCertfile === undefined)
  const kept = [...FIXED, ...begins ? TLS : []].filter(option => !isDeepStrictEqual(next.config[option], before.config[option]))
  const changed = optionNames.filter(option => next.prints[option] !== before.prints[option] && !(kept as readonly OptionName[]).includes(option))
  const config = Object.freeze({ ...next.config, ...Object.fromEntries(kept.map(option => [option, before.config[option]])) }) as Config
  const prints = Object.freeze({ ...next.prints, ...Object.fromEntries(kept.map(option => [option, before.prints[option]])) })
  return { loaded: Object.freeze({ ...next, config, prints }), changed: changed.map(flagOf), kept: kept.map(flagOf) }
}

/** The files that the gate itself reads anew whenever they change (kinds/emails-file.ts, kinds/basic-auth.ts). */
export function liveFiles ({ allowedEmailsFile, providers }: Config): ReadonlySet<string> {
  const lists = [allowedEmailsFile, ...providers.map(({ entry }) => entry?.allowedEmailsFile)]
  const people = providers.map(({ basicAuth }) => basicAuth !== undefined && 'path' in basicAuth ? basicAuth : undefined)
  return new Set([...lists, ...people].flatMap(file => file === undefined ? [] : [file.path]))
}
