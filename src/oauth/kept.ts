import type { Outside } from '../outside.ts'

/** A document of the provider's, loaded at first need and kept while the provider is away. */
export interface Kept<T> {
  /** The document: the old one while a new one is being fetched. Rejects only where there has never been one. */
  get (): Promise<T>
  /** A newer document, if one may be asked for now; otherwise, or if that fails, the one there is. */
  renew (): Promise<T>
}

export interface KeptOptions<T> {
  readonly load: () => Promise<T>
  readonly outside: Outside
  /** Milliseconds after which `get` also starts a load in the background. */
  readonly freshFor: number
  /** Milliseconds after a failure in which it is repeated to whoever asks, instead of the request. */
  readonly retryAfter: number
  /** Milliseconds between two loads that `renew` starts. */
  readonly renewAfter?: number
  /** Told of failures that nobody waits for. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

interface Dated { readonly at: number }

export function createKept<T> (options: KeptOptions<T>): Kept<T> {
  const { outside, freshFor, renewAfter = 0, onFailure } = options
  let kept: Dated & { readonly value: T } | undefined
  let renewed: Dated | undefined
  const attempts = createAttempts(options, value => { kept = { value, at: outside.now() } })

  async function get (): Promise<T> {
    if (kept === undefined) return await attempts.once()
    if (isOver(kept, freshFor, outside) && attempts.mayBegin()) attempts.once().catch((error: unknown) => onFailure?.(error))
    return kept.value
  }

  async function renew (): Promise<T> {
    if (kept === undefined || !isOver(renewed, renewAfter, outside)) return await get()
    renewed = { at: outside.now() }
    const old = kept.value
    try {
      return await attempts.once()
    } catch (error) {
      onFailure?.(error)
      return old
    }
  }

  return { get, renew }
}

/** One load at a time, shared by all who ask meanwhile, and none in the pause after a failure. */
function createAttempts<T> ({ load, outside, retryAfter }: KeptOptions<T>, keep: (value: T) => void) {
  let failed: Dated & { readonly error: unknown } | undefined
  let pending: Promise<T> | undefined

  async function attempt (): Promise<T> {
    try {
      const value = await load()
      keep(value)
      failed = undefined
      return value
    } catch (error) {
      failed = { error, at: outside.now() }
      throw error
    }
  }

  return {
    mayBegin: () => isOver(failed, retryAfter, outside),
    async once () {
      if (failed !== undefined && !isOver(failed, retryAfter, outside)) throw failed.error
      return await (pending ??= attempt().finally(() => { pending = undefined }))
    }
  }
}

/** A clock that was set back must not stop anything for hours, so "in the future" is over. */
function isOver (since: Dated | undefined, span: number, outside: Outside): boolean {
  const age = since === undefined ? Infinity : outside.now() - since.at
  return age < 0 || age >= span
}
