// What a conformance test is here, and the words that docs/conformance.md has for it.
import type { Test } from 'tap'
import type { Running } from './relying-party.ts'
import type { Twist } from './provider.ts'

export const PROFILES = {
  basic: 'Basic',
  config: 'Config',
  refresh: 'Refresh tokens',
  backchannel: 'Back-channel logout',
  rpLogout: 'RP-initiated logout',
  thirdParty: 'Third-party initiated login',
  all: 'Everything else for relying parties'
} as const

export type Profile = keyof typeof PROFILES

export interface ConformanceTest {
  /** As the suite calls it. */
  readonly name: string
  readonly profiles: readonly Profile[]
  /** What the provider does, or what the test asks for. */
  readonly provider: string
  /** What the suite holds to be right; absent where the test does not apply. */
  readonly right?: 'accepted' | 'refused' | 'either'
  /** What the gate does, or why the test does not apply. */
  readonly gate: string
  readonly play: Play
}

export interface Play {
  readonly twist?: Twist
  /** The code of the page that refuses; absent where the person is signed in. */
  readonly refused?: string
  /** What must be there beside, after the sign-in. */
  readonly also?: Check
}

export type Check = (t: Test, running: Running) => Promise<void> | void
