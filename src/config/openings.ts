import type { Openings } from '../access/rule.ts'
import type { Values } from './options.ts'

/** What opens besides the rules. */
export function openings ({ oauthOptional = false, oauthGuestEndpoints = [], skipAuthRoute = [] }: Partial<Pick<Values, 'oauthOptional' | 'oauthGuestEndpoints' | 'skipAuthRoute'>>): Openings {
  return { optional: oauthOptional, guests: oauthGuestEndpoints, skips: skipAuthRoute }
}
