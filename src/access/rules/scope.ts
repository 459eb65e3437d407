import { coversPattern, hostPattern, type HostPattern } from './hosts.ts'
import type { Prefix } from './prefix.ts'

/** By which way a path is asked for. */
export interface Way {
  /** As a client writes it, which is in capitals. */
  readonly method: string
  /** The Host that the request is believed to be for; rules.ts has `hostName` read it before any rule is asked. */
  readonly host: string
}

/** Which requests something is for: all conditions must hold, and what is absent is none. */
export interface Scope {
  readonly paths: Prefix
  readonly hosts?: readonly HostPattern[] | undefined
  readonly methods?: ReadonlySet<string> | undefined
}

/** What a request differs in. */
export type Miss = 'path' | 'host' | 'method'

export function scopeOf (paths: Prefix, hosts: readonly string[] | undefined, methods: readonly string[] | undefined): Scope {
  return { paths, hosts: hosts?.map(hostPattern), methods: methods === undefined ? undefined : new Set(methods.flatMap(method => method === 'GET' ? ['GET', 'HEAD'] : [method])) }
}

/** @returns null where the reading, asked for this way, is within the scope */
export function missOf (scope: Scope, reading: string, way: Way): Miss | null {
  return scope.paths.covers(reading) ? hasWay(scope, way) : 'path'
}

/** Whether every request of `other`, which is for a path and all below it, is within `scope` too. */
export function coversScope (scope: Scope, other: Scope): boolean {
  const { hosts, methods } = scope
  return scope.paths.covers(other.paths.path) &&
    (hosts === undefined || (other.hosts?.every(host => hosts.some(pattern => coversPattern(pattern, host))) ?? false)) &&
    (methods === undefined || (other.methods !== undefined && [...other.methods].every(method => methods.has(method))))
}

export function hasWay ({ hosts, methods }: Scope, { host, method }: Way): Miss | null {
  if (hosts !== undefined && !hosts.some(pattern => pattern.covers(host))) return 'host'
  return methods === undefined || methods.has(method) ? null : 'method'
}
