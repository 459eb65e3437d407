import type { Upstream } from './upstream.ts'

/** Which Origin the app sees of a websocket: the browser's, its own, or, as Bokeh wants it, the one of the two that it takes. */
export type WebsocketOrigin = 'preserve' | 'rewrite' | 'bokeh'

export interface OriginsToTry {
  /** In this order, each where the app has answered 403 to the one before it; `undefined` is the browser's own. */
  readonly all: readonly (string | undefined)[]
  /** Has this one come first from now on. */
  prefer (origin: string | undefined): void
}

/**
 * Bokeh takes `localhost:PORT` unless it was told otherwise, under whatever name it is reached, and then nothing but what it was told.
 * Which of the two it is cannot be asked; and Tornado takes an Origin that equals Host from 6.6 on, without asking Bokeh.
 */
export function originsToTry (what: WebsocketOrigin, { origin }: Upstream): OriginsToTry {
  let all = { preserve: [undefined], rewrite: [origin], bokeh: [undefined, localhost(origin)] }[what]
  return {
    get all () { return all },
    prefer (taken) {
      if (taken !== all[0]) all = [taken, ...all.filter(other => other !== taken)]
    }
  }
}

/** To the app a page of this origin is one of its own, so that what browsers say beside `Origin` (Fetch Metadata §2.3) must not contradict it. */
export function withOrigin (pairs: readonly string[], origin: string): string[] {
  return pairs.map((part, at) => {
    if (at % 2 === 0) return part
    const name = pairs[at - 1]?.toLowerCase()
    return name === 'origin' ? origin : name === 'sec-fetch-site' ? 'same-origin' : part
  })
}

function localhost (origin: string): string {
  const url = new URL(origin)
  url.hostname = 'localhost'
  return url.origin
}
