import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Problem, unreadable } from './config-error.ts'

export interface Watch {
  /** Whether the file is at this moment what it was when it was last told. */
  isQuiet (): Promise<boolean>
  close (): void
}

/** Milliseconds between two looks. */
const EVERY = 250
/**
 * Looks in which a file has to be the same before it is told, which makes more than a second: half of it may be a whole one by its form, and
 * who writes slowly pauses. Whoever pauses for longer should write elsewhere, and rename.
 */
const LOOKS = 6

/**
 * Tells of a file whenever it has changed, and once at the beginning: it may have changed since it was read. It asks for the
 * file's state instead of waiting for events, which do not come from network file systems, nor where a link leads elsewhere
 * than before (as Kubernetes changes a mounted file), nor from what an editor puts in its place.
 *
 * @param tell given its content, or why there is none; not called any more once the watch is closed
 */
export function watchFile (path: string, tell: (content: Buffer | Problem) => void, every = EVERY): Watch {
  const whole = resolve(path)
  let closed = false
  let [looking, last, told, failed, looks] = [false, '', '', '', 0]
  const look = async () => {
    const now = await stateOf(whole)
    looks = now === last ? looks + 1 : 1
    last = now
    if (looks < LOOKS || now === told) return
    const content = await contentOf(whole)
    const fails = content instanceof Problem
    if (closed || (fails && failed === now)) return // a failure is tried again, and told once
    if (await stateOf(whole) !== now) return // it changed while it was read
    ;[told, failed] = fails ? ['', now] : [now, '']
    tell(content)
  }
  const timer = setInterval(() => {
    if (looking) return // a file system that does not answer is not asked again and again
    looking = true
    void look().finally(() => { looking = false })
  }, every).unref()
  return {
    async isQuiet () { return [told, failed].includes(await stateOf(whole)) },
    close () {
      closed = true
      clearInterval(timer)
    }
  }
}

/** Differs when the file does: also by what a link in its path leads to. */
async function stateOf (path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

async function contentOf (path: string): Promise<Buffer | Problem> {
  try {
    const found = await stat(path)
    // Reading a pipe would wait for whoever writes.
    return found.isFile() || found.isDirectory() ? await readFile(path) : new Problem('names something that is no plain file, so it cannot be read again', 'Write the list to a file.')
  } catch (error) {
    return unreadable(error)
  }
}
