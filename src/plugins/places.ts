import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import type { Judge, Place } from '../access/judge.ts'
import { withoutSlash, type OwnUrls } from '../own-urls.ts'
import type { Logins } from '../session/login.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where in the applications behind us the request leads; null for what belongs to the gate itself. */
    readonly place: Place | null
    /** The page that is asked for, or else home, as the browser has it. */
    readonly wanted: string
    /** Where a login that was under way was going to end: one that begins after an error ends there too. */
    returnTo: string | null
  }
}

declare module 'node:http' {
  interface IncomingMessage {
    /** The target as it came; `url` is then the name of a route of ours. */
    originalUrl?: string
    place?: Place
  }
}

export interface PlacesOptions {
  readonly judge: Judge
  readonly logins: Logins
  readonly urls: OwnUrls
  /** Single paths of ours outside the prefix. */
  readonly paths: readonly string[]
  /** Whether a provider sends people back. */
  readonly callbacks: boolean
}

export interface Places {
  /**
   * Names the route for a raw target. Fastify's router never reads a path of the app: it would decode it,
   * and the bytes that are judged must be the bytes that are forwarded.
   */
  rewrite (raw: IncomingMessage): string
  /** Whether a path, as browsers have it, belongs to the gate, so that nobody is sent back to it after signing in. */
  isOurs (target: string): boolean
}

export function createPlaces ({ judge, logins, urls, paths, callbacks }: PlacesOptions): Places {
  const { base, callback, redirect, door, aliases } = urls.routes
  const below = `${base}/`
  const isOwnPath = (path: string) => path === base || path.startsWith(below) || paths.includes(path)
  // Proxies in front add a slash to what they think is a folder; the state says that it is ours all the same. An error may come to
  // any path: GitHub tells of a redirect URI that is not registered at the one that is, and would be asked again without end.
  const isCallback = (target: string, path: string) => {
    if (!callbacks || !target.includes('state=') || (withoutSlash(path) !== redirect && !/[?&]error=/.test(target))) return false
    const states = new URLSearchParams(target.slice(path.length)).getAll('state')
    return states.length === 1 && logins.readState(states[0] as string) !== null
  }
  const isDoor = (path: string) => door !== undefined && withoutSlash(path) === door
  const isOurs = (target: string) => {
    const path = pathOf(target)
    return isOwnPath(path) || aliases.has(path) || isDoor(path) || isCallback(target, path)
  }
  return {
    rewrite (raw) {
      const target = raw.url ?? ''
      const path = pathOf(target)
      if (isOwnPath(path)) return withoutSlash(path) === callback ? callback + target.slice(path.length) : target
      if ((raw.method === 'GET' || raw.method === 'HEAD') && isCallback(target, path)) return callback + target.slice(path.length)
      if (isDoor(path)) return begins(target, path) ? `${base}/start${returnIn(target, path)}` : callback + target.slice(path.length)
      const route = aliases.get(path)
      if (route !== undefined) return route + target.slice(path.length)
      raw.place = judge.place(target)
      return upstreamRoute(raw.place.upstream)
    },
    isOurs: target => isOurs(target) || isOurs(urls.inward(target))
  }
}

/** Nobody's answer to a login: somebody opened the address, or the provider's own pages led there (OneLogin's Login URL). */
function begins (target: string, path: string): boolean {
  const query = new URLSearchParams(target.slice(path.length))
  return !query.has('code') && !query.has('error')
}

/** Of what another site may have written, where to end is all that counts; it is looked over like any. */
function returnIn (target: string, path: string): string {
  const query = new URLSearchParams(target.slice(path.length).replace(/#.*/s, ''))
  const wanted = query.get('rd') ?? query.get('next')
  return wanted === null ? '' : `?${new URLSearchParams({ rd: wanted })}`
}

/** The route under which an upstream is registered. No request can ask for it by name: its target would be rewritten too. */
export function upstreamRoute (index: number): string {
  return `/|upstream/${index}` // no path of our own can hold a |
}

/** Where a person goes on after signing in: the page they asked for, if it was one of the app. */
export function returnTarget ({ wanted, returnTo }: FastifyRequest): string {
  return returnTo ?? wanted
}

async function places (app: FastifyInstance, { urls }: { readonly urls: OwnUrls }): Promise<void> {
  app.decorateRequest('returnTo', null)
  app.decorateRequest('place', { getter () { return this.raw.place ?? null } })
  app.decorateRequest('wanted', {
    getter () {
      const { place } = this.raw
      return place !== undefined && (this.method === 'GET' || this.method === 'HEAD') ? urls.outward(place.target) : urls.home
    }
  })
}

export default fp(places, { name: 'places' })

function pathOf (target: string): string {
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}
