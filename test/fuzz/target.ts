import type { Test } from 'tap'
import { fc } from '../fixtures/random.ts'

/** Something that is given what nobody thought of, and must keep its word all the same. */
export interface Target {
  readonly name: string
  /** Starts what it needs. @returns what must hold, tried as often as there is time for */
  readonly start: (t: Test) => Promise<Property>
}

export type Property = fc.IAsyncProperty<never> | fc.IProperty<never>

export interface Round {
  readonly runs: number
  /** What broke it and how to see that again; nothing where all held. */
  readonly broken: string | undefined
}

type Details = Pick<fc.RunDetailsCommon<unknown>, 'failed' | 'numRuns' | 'counterexample' | 'counterexamplePath' | 'errorInstance'>

/** @param path of a counter-example, as an earlier round has printed it */
export async function fuzz (property: Property, { seconds, seed, path }: { readonly seconds: number, readonly seed: number, readonly path?: string | undefined }): Promise<Round> {
  const details: Details = await fc.check(property, { seed, ...path !== undefined && { path, endOnFailure: true }, numRuns: 1_000_000_000, interruptAfterTimeLimit: seconds * 1000, verbose: 0 })
  if (!details.failed || details.counterexample === null) return { runs: details.numRuns, broken: undefined }
  const { errorInstance } = details
  const why = errorInstance instanceof Error ? `${errorInstance.message.replace(/(.{10})\1{3,}/g, '$1…')} (${errorInstance.stack?.split('\n')[1]?.trim() ?? ''})` : 'it does not hold'
  return { runs: details.numRuns, broken: `${why}\nby ${fc.stringify(details.counterexample).replace(/(.{10})\1{3,}/g, '$1…').slice(0, 4000)}\n--path=${details.counterexamplePath ?? ''}` }
}
