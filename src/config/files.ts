import { existsSync, readFileSync, statSync } from 'node:fs'
import { MissingFile, Problem, unreadable } from './config-error.ts'

/** Files by the names that settings have for them, as they were: what was in each, or the system's code for why it could not be read. */
export type Files = ReadonlyMap<string, Buffer | string>

/** Reads each file once, and remembers it: whatever is made of one configuration is made of the same bytes. */
export interface FileReader {
  /** What was read so far. */
  readonly files: Files
  /** @throws {MissingFile} {Problem} */
  read (path: string): Buffer
}

/**
 * @param before what an earlier configuration was made of: a pipe (`<(pass show x)`) can be read only once, and has not changed. A file that
 * was there and is not now does not become what else its name may mean, which is a password.
 */
export function createReader (before: Files = new Map()): FileReader {
  return remembering(path => before.has(path) && !isPlain(path) ? before.get(path) as Buffer | string : readFileSync(path), path => before.get(path) instanceof Buffer)
}

/** Reads what another process has read, and nothing else. */
export function replay (known: Files): FileReader {
  return remembering(path => known.get(path) ?? 'ENOENT')
}

/** The same, but for some that are read as they are now, if they are there. @param fresh their names */
export function replayBut (fresh: ReadonlySet<string>, known: Files): FileReader {
  return remembering(path => fresh.has(path) && existsSync(path) && isPlain(path) ? readFileSync(path) : known.get(path) ?? 'ENOENT')
}

/** @param wasThere whether a file that is missing was one before */
function remembering (fetch: (path: string) => Buffer | string, wasThere: (path: string) => boolean = () => false): FileReader {
  const files = new Map<string, Buffer | string>()
  const found = (path: string): Buffer | string => {
    try {
      return fetch(path)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown'
    }
  }
  return {
    files,
    read (path) {
      const content = files.get(path) ?? found(path)
      files.set(path, content)
      if (typeof content !== 'string') return content
      const fault = unreadable({ code: content })
      throw fault instanceof MissingFile && wasThere(path) ? new Problem(fault.message, fault.fix) : fault
    }
  }
}

/** What is not there is no pipe either. */
export function isPlain (path: string): boolean {
  const state = statSync(path, { throwIfNoEntry: false })
  return state === undefined || state.isFile() || state.isDirectory()
}
