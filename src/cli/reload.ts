import type { Logger } from 'pino'
import { ConfigError, Problem } from '../config/config-error.ts'
import { createReader, isPlain, type FileReader, type Files } from '../config/files.ts'
import { loadConfig, type Loaded } from '../config/load.ts'
import type { Flags } from '../config/sources.ts'
import { follow, liveFiles, type Succession } from '../config/succession.ts'
import { watchFile, type Watch } from '../config/watched-file.ts'
import { listeningAt } from './listen.ts'
import { loweredBy } from './lowered.ts'

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

/** Milliseconds until everything is read again: files that belong together are seldom written at once. */
const QUIET = 200
/** Milliseconds until a configuration is tried again with which nothing is wrong, and which could not be taken. */
const AGAIN = 10_000

/**
 * Takes a configuration that has changed, whole or not at all: on SIGHUP, and when a file changes that a setting names. What is wrong with
 * it is logged, once, and the one before stays.
 */
export function startReloading (loaded: Loaded, { flags, log, apply }: ReloadOptions): Reloading {
  let current = loaded
  let watches: readonly Watch[] = []
  let timer: NodeJS.Timeout | undefined
  let [busy, bySignal, refused, closed] = [false, false, false, false]

  /** Of each file, what it was when it was last read. @param read for a configuration that was refused */
  const watch = (read: Files = new Map()): void => {
    for (const each of watches) each.close()
    const own = liveFiles(current.config)
    // What is no file now, a password among those that may be a file's name, is no file later.
    const files = new Map([...current.files, ...read].filter(([path]) => typeof current.files.get(path) !== 'string' && isPlain(path)))
    watches = closed ? [] : [...files].map(([path, known]) => watchFile(path, found => { if ((refused || !own.has(path)) && !isSame(found, known)) soon() }))
  }
  const soon = (milliseconds = QUIET): void => {
    clearTimeout(timer)
    if (!closed) timer = setTimeout(() => { void reload(false) }, milliseconds)
  }
  const areQuiet = async (): Promise<boolean> => (await Promise.all(watches.map(each => each.isQuiet()))).every(Boolean)

  async function reload (isAsked: boolean): Promise<void> {
    bySignal ||= isAsked
    if (busy) return soon()
    busy = true
    await attempt(bySignal)
    busy = false
  }

  /** @param isAsked whoever asks has written what is to be read; otherwise it is read between two moments in which no file changes */
  async function attempt (isAsked: boolean): Promise<void> {
    if (closed || (!isAsked && !await areQuiet())) return soon()
    bySignal = false
    const reader = createReader(current.files)
    const next = readAgain(reader)
    if (!isAsked && !await areQuiet()) return soon()
    try {
      if (next instanceof Error) throw next
      await apply(next.loaded)
      took(next, isAsked)
    } catch (error) {
      refuse(error as Error, reader.files)
    }
  }

  function readAgain (reader: FileReader): Succession | Error {
    try {
      return follow(current, loadConfig({ flags, reader }))
    } catch (error) {
      return error as Error
    }
  }

  function took ({ loaded, changed, kept }: Succession, isAsked: boolean): void {
    const silent = !isAsked && !refused && changed.length === 0
    const before = lowers(current)
    const lowered = lowers(loaded).filter(text => !before.includes(text))
    ;[current, refused] = [loaded, false]
    if (kept.length > 0) log.warn({ event: 'config.needs_restart', settings: kept }, 'these settings have changed, and count only after a restart')
    if (!silent) log.info({ event: 'config.reloaded', settings: changed }, 'the settings were read again and are in force')
    if (lowered.length > 0) log.warn({ event: 'config.lowers', lowers: lowered }, 'the settings that are now in force lower security')
    watch()
  }

  function refuse (error: Error, files: Files): void {
    refused = true
    const problems = error instanceof ConfigError ? error.problems : [{ setting: '', message: error.message, fix: '' }]
    log.error({ event: 'config.refused', problems: problems.map(({ message, fix }) => `${message} ${fix}`.trim()) }, 'the settings were read again and cannot be taken: those before stay')
    watch(files)
    if (!(error instanceof ConfigError)) soon(AGAIN)
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

function lowers ({ config }: Loaded): readonly string[] {
  return loweredBy(config, listeningAt(config))
}

function isSame (found: Buffer | Problem, known: Buffer | string): boolean {
  return typeof known === 'string' ? found instanceof Problem : found instanceof Buffer && found.equals(known)
}
