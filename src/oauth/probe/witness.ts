import type { Outside } from '../../outside.ts'
import type { ProviderFetch } from '../http.ts'
import { cannotTell, ok, wrong, type Finding } from './finding.ts'

const TOLERANCE = 60_000

/** Looks at answers as they pass. */
export interface Witness {
  readonly fetch: ProviderFetch
  /** The first body that came by `fetch`, as JSON; `undefined` where none was. */
  first (): unknown
  clock (): Finding
}

/** The provider's clock is in its Date headers (RFC 9110 §6.6.1), which a cache may hand out later and then says so (§5.1 of RFC 9111). */
export function createWitness (fetch: ProviderFetch, outside: Outside): Witness {
  let ahead: number | undefined
  let first: { readonly text: string } | undefined

  function note (headers: Headers, sentAt: number): void {
    const date = Date.parse(headers.get('date') ?? '')
    if (Number.isNaN(date)) return
    const age = Number(headers.get('age') ?? 0)
    const arrived = date + (age > 0 ? age * 1000 : 0) + 500 // a Date is cut to the second
    const seen = arrived - (sentAt + outside.now()) / 2
    ahead = ahead === undefined ? seen : Math.max(ahead, seen) // a cache that hides its age makes a Date older, never newer
  }

  return {
    async fetch (url, request) {
      const sentAt = outside.now()
      const answer = await fetch(url, request)
      note(answer.headers, sentAt)
      first ??= { text: await answer.clone().text() }
      return answer
    },
    first: () => parsed(first?.text),
    clock () {
      if (ahead === undefined) return cannotTell('clock', 'no answer of the provider said what time it is; compare this machine’s with another clock')
      const seconds = Math.round(Math.abs(ahead) / 1000)
      if (Math.abs(ahead) <= TOLERANCE) return ok('clock', `within ${Math.max(1, seconds)} s of the provider’s`)
      return wrong('clock', `this machine’s clock is ${seconds} s ${ahead > 0 ? 'behind' : 'ahead of'} the provider’s, so id_tokens are refused: have it set by NTP`)
    }
  }
}

function parsed (text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
