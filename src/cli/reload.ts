import type { Logger } from 'pino'
import { ConfigError } from '../config/config-error.ts'
import { createReader, type Files } from '../config/files.ts'
import { loadConfig, type Loaded } from '../config/load.ts'
import { follow, liveFiles } from '../config/reload.ts'
import type { Flags } from '../config/sources.ts'
import { watchFile, type Watch } from '../config/watched-file.ts'

export interface ReloadOptions {
  readonly flags: Flags
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Has every process take it, or none. @throws {Error} it is in force nowhere, and why */
  readonly apply: (next: Loaded) => Promise<void>
}

export interface Reloading {
  /** Reads everything again, whatever has changed. */
  now (): void
  close (): void
}

/** Milliseconds of quiet before everything is read again: files that belong together are seldom written at once. */
const QUIET = 200
/** Milliseconds until a configuration is tried again that could not be put to work. */
const AGAIN = 10_000

/**
 * Takes a configuration that has changed, whole or not at all: on SIGHUP, and when a file changes that a setting names. What is wrong with
 * it is logged, and the one before stays.
 */
export function startReloading (loaded: Loaded, { flags, log, apply }: ReloadOptions): Reloading {
  let current = loaded
  let watches: readonly Watch[] = []
  let timer: NodeJS.Timeout | undefined
  let [busy, asked, refused, closed] = [false, false, false, false]

  const watch = (more: Files = new Map()): void => {
    for (const each of watches) each.close()
    const own = liveFiles(current.config)
    // What is no file now, a password among those that may be a file's name, is no file later.
    const files = [...[...current.files].filter(([path, content]) => typeof content !== 'string' && !more.has(path)), ...[...more].filter(([path, content]) => typeof content !== 'string' || typeof current.files.get(path) !== 'string')]
    watches = closed ? [] : files.filter(([path]) => !own.has(path)).map(([path, known]) => watchFile(path, found => {
      const isKnown = found instanceof Buffer ? typeof known !== 'string' && found.equals(known) : typeof known === 'string'
      if (!isKnown) soon()
    }))
  }
  const soon = (pause = QUIET): void => {
    clearTimeout(timer)
    timer = setTimeout(() => { void reload(false) }, pause)
  }

  async function reload (isAsked: boolean): Promise<void> {
    asked ||= isAsked
    if (busy) return soon()
    busy = true
    const reader = createReader(current.files)
    try {
      const { loaded, changed, kept } = follow(current, loadConfig({ flags, reader }))
      await apply(loaded)
      const silent = !asked && !refused && changed.length === 0
      ;[current, refused, asked] = [loaded, false, false]
      if (kept.length > 0) log.warn({ event: 'config.needs_restart', settings: kept }, 'these settings have changed, and count only after a restart')
      if (!silent) log.info({ event: 'config.reloaded', settings: changed }, 'the settings were read again and are in force')
      watch()
    } catch (error) {
      ;[refused, asked] = [true, false]
      const problems = error instanceof ConfigError ? error.problems : [{ setting: '', message: error instanceof Error ? error.message : String(error), fix: '' }]
      log.error({ event: 'config.refused', problems: problems.map(({ message, fix }) => `${message} ${fix}`.trim()) }, 'the settings were read again and cannot be taken: those before stay')
      watch(reader.files)
      if (!(error instanceof ConfigError)) soon(AGAIN) // nothing is wrong with what is in the files
    }
    busy = false
  }

  watch()
  return {
    now () { void reload(true) },
    close () {
      closed = true
      clearTimeout(timer)
      watch()
    }
  }
}
