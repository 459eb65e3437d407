import type { Logger } from 'pino'
import { parseEmail } from '../../access/email.ts'
import type { AddressFile, LiveList } from '../../access/entry/live-list.ts'
import { Problem } from '../config-error.ts'
import type { GivenFile, Kind } from './kind.ts'
import { textOf } from '../text-file.ts'
import { watchFile, type Watch } from '../watched-file.ts'

/** A file of addresses, one a line; read anew while the gate runs. */
export const emailsFile: Kind<AddressFile, string> = {
  shape: 'file',
  reads: 'file',
  parse: raw => {
    const { path, read } = raw as GivenFile
    return Object.freeze({ path, addresses: readAddresses(path, read()) })
  }
}

/**
 * Lower case, each once. `#` begins a comment, at the beginning of a line or after a space: an address may hold one.
 *
 * @throws {Problem} it is not UTF-8, has a line that is no address, or none at all. No line is quoted: the file may be another than was meant
 */
export function readAddresses (path: string, content: Buffer): readonly string[] {
  const { addresses, bad } = linesOf(path, content)
  if (bad.length > 0) throw new Problem(`: ${path}, ${namesOf(bad)} no email address.`, 'Write one address a line, like ada@example.com; # begins a comment. A whole domain goes to --allowed-domains.')
  if (addresses.size === 0) throw new Problem(`: ${path} has no address in it, so nobody would be listed.`, 'Write one address a line, or leave the setting out.')
  return Object.freeze([...addresses])
}

function linesOf (path: string, content: Buffer): { readonly addresses: ReadonlySet<string>, readonly bad: readonly number[] } {
  const lines = textOf(path, content).split(/\r\n|\r|\n/).map(line => line.replace(/(?:^|\s)#.*$/, '').trim())
  const read = lines.map(line => line === '' || line.includes('*') ? undefined : parseEmail(line)?.address)
  const bad = lines.flatMap((line, index) => line !== '' && read[index] === undefined ? [index + 1] : [])
  return { bad, addresses: new Set(read.filter(address => address !== undefined)) }
}

/**
 * Takes what the file says from now on. Of what cannot be taken whole the removals count all the same: whoever is not in it any more is
 * not listed, and nobody comes in by it. Where there is no file, or no text, the list stays.
 */
export function watchEmails (list: LiveList, log: Pick<Logger, 'info' | 'error'>): Watch {
  let refused = false
  return watchFile(list.path, content => {
    try {
      if (content instanceof Problem) throw content
      const changed = list.replace(readAddresses(list.path, content))
      const silent = !refused && changed.added + changed.removed === 0
      refused = false
      if (!silent) log.info({ event: 'policy.reloaded', file: list.path, addresses: list.addresses.size, ...changed }, 'the list of who may enter has changed')
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refused = true
      const { removed } = content instanceof Problem ? { removed: 0 } : withoutRemoved(list, content)
      const { message, fix } = error
      log.error({ event: 'policy.refused', file: list.path, detail: `--allowed-emails-file${message.startsWith(':') ? '' : ' '}${message}`, hint: fix, addresses: list.addresses.size, removed }, 'the list of who may enter has changed and cannot be taken: nobody is added, and who is not in it any more is taken off')
    }
  })
}

function withoutRemoved (list: LiveList, content: Buffer): { readonly removed: number } {
  try {
    const { addresses } = linesOf(list.path, content)
    return list.replace([...list.addresses].filter(address => addresses.has(address)))
  } catch {
    return { removed: 0 } // not even text: another file than was meant
  }
}

function namesOf (lines: readonly number[]): string {
  const [first, ...others] = lines
  if (others.length === 0) return `line ${first} is`
  return `lines ${lines.slice(0, 10).join(', ')}${lines.length > 10 ? ` and ${lines.length - 10} others` : ''} are`
}
