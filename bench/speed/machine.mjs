// What the system knows of processes: their processor time and memory, and what else was going on meanwhile.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { text } from 'node:stream/consumers'

/** Milliseconds, of /proc/PID/stat and /proc/stat: USER_HZ is 100 wherever Linux runs. */
const TICK = 10

/** Whether a process can be kept to one core: load and upstream on the first, what is measured on the second. */
export const pins = availableParallelism() > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0
export const [LOAD_CORE, PROXY_CORE] = [0, 1]

/** @returns the command, kept to a core where that is possible */
export function pinned (core, command, ...args) {
  return pins ? ['taskset', '-c', String(core), command, ...args] : [command, ...args]
}

/** The process and all below it. */
export function tree (pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(task => read(`/proc/${pid}/task/${task}/children`).trim().split(' ').filter(Boolean).map(Number))
  return [pid, ...children.flatMap(tree)]
}

/** Milliseconds of processor time that processes have taken, threads with them. @param pids of roots */
export function cpuOf (pids) {
  return pids.flatMap(tree).reduce((sum, pid) => sum + own(pid).taken, 0)
}

/** Bytes that the system has given to processes, what they share counted once for each. */
export function residentOf (pids) {
  return pids.flatMap(tree).reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024, 0)
}

/** The most they have had at any time since they began. */
export function peakOf (pids) {
  return pids.flatMap(tree).reduce((sum, pid) => sum + Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024, 0)
}

/** Milliseconds for which the whole machine was busy, and for which this process and those that it has started and outlived were. */
export function busy () {
  const [user, nice, system, , , irq, softirq, steal = 0] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].trim().split(/\s+/).slice(1).map(Number)
  const { taken, children } = own(process.pid)
  return { machine: (user + nice + system + irq + softirq) * TICK, stolen: steal * TICK, bench: taken + children }
}

/** Milliseconds for which the machine was busy with what neither this process nor any that it has started does, or its host had taken it away. */
export function othersBusy () {
  const { machine, bench, stolen } = busy()
  return machine + stolen - bench - cpuOf(tree(process.pid).slice(1).filter(pid => parentOf(pid) === process.pid))
}

/** Runs to the end. @returns what it said @throws where it fails */
export async function run (command, ...args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complained}`) // without what it was given: a cookie may be among it
  return said
}

function own (pid) {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ').map(Number)
  return stat === '' ? { taken: 0, children: 0 } : { taken: (fields[11] + fields[12]) * TICK, children: (fields[13] + fields[14]) * TICK }
}

function parentOf (pid) {
  return Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1])
}

// It may have gone in between.
function read (file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
