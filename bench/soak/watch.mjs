// What the system says of a gate's processes, from outside. Linux alone tells.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTENS = '0A'

/** Bytes that a process has of the system. */
export function residentOf (pid) {
  return Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024
}

/** Every socket of TCP by its inode: the port at either end, and whether it listens. */
function sockets () {
  const found = new Map()
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/)
      if (inode !== undefined) found.set(inode, { local: portIn(local), remote: portIn(remote), listens: state === LISTENS })
    }
  }
  return found
}

function portIn (address) {
  return Number.parseInt(address.split(':')[1], 16)
}

/**
 * The open files of some processes by what they are: connections by who is at the other end, everything else by its name.
 *
 * @param ports by name; `people` is the gate's own
 */
export function filesOf (pids, ports) {
  const known = sockets()
  const counts = {}
  const names = new Map(Object.entries(ports).map(([name, port]) => [port, name]))
  const kindOf = link => {
    const { 1: inode } = /^socket:\[(\d+)\]$/.exec(link) ?? []
    if (inode === undefined) return link.replace(/:?\[.*/, '').replace(/^\/.*/, 'file')
    const socket = known.get(inode)
    if (socket === undefined) return 'socket' // of another family, or closed on its way
    if (socket.listens) return 'listens'
    return socket.local === ports.people ? 'people' : names.get(socket.remote) ?? 'elsewhere'
  }
  for (const pid of pids) {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      let link
      try {
        link = readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        continue // closed meanwhile
      }
      const kind = kindOf(link)
      counts[kind] = (counts[kind] ?? 0) + 1
    }
  }
  return counts
}
