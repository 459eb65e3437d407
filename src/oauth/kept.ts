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

export function createKept<T> ({ load, outside, freshFor, retryAfter, renewAfter = 0, onFailure }: KeptOptions<T>): Kept<T> {
  let kept: { readonly value: T, readonly at: number } | undefined
  let failed: { readonly error: unknown, readonly at: number } | undefined
  let renewed: { readonly at: number } | undefined
  let pending: Promise<T> | undefined

  /** A clock that was set back must not stop anything for hours, so "in the future" is over. */
  function isOver (since: { readonly at: number } | undefined, span: number): boolean {
    const age = since === undefined ? Infinity : outside.now() - since.at
    return age < 0 || age >= span
  }

  async function attempt (): Promise<T> {
    try {
      const value = await load()
      kept = { value, at: outside.now() }
      failed = undefined
      return value
    } catch (error) {
      failed = { error, at: outside.now() }
      throw error
    }
  }

  async function once (): Promise<T> {
    if (failed !== undefined && !isOver(failed, retryAfter)) throw failed.error
    return await (pending ??= attempt().finally(() => { pending = undefined }))
  }

  async function get (): Promise<T> {
    if (kept === undefined) return await once()
    if (isOver(kept, freshFor) && isOver(failed, retryAfter)) once().catch((error: unknown) => onFailure?.(error))
    return kept.value
  }

  async function renew (): Promise<T> {
    if (kept === undefined || !isOver(renewed, renewAfter)) return await get()
    renewed = { at: outside.now() }
    const old = kept.value
    try {
      return await once()
    } catch (error) {
      onFailure?.(error)
      return old
    }
  }

  return { get, renew }
}
