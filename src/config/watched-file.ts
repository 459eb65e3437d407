import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Problem, unreadable } from './config-error.ts'

export interface Watch {
  close (): void
}

/** Milliseconds between two looks. A change is told once it looks the same twice, so that nobody sees a file half written. */
const EVERY = 500

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
  let [looking, last, told, failed] = [false, '', '', '']
  const look = async () => {
    const now = await stateOf(whole)
    const settled = now === last && now !== told
    last = now
    if (!settled) return
    const content = await contentOf(whole)
    const fails = content instanceof Problem
    if (closed || (fails && failed === now)) return // a failure is tried again, and told once
    ;[told, failed] = fails ? ['', now] : [now, '']
    tell(content)
  }
  const timer = setInterval(() => {
    if (looking) return // a file system that does not answer is not asked again and again
    looking = true
    void look().finally(() => { looking = false })
  }, every).unref()
  return {
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
