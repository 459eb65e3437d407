import { hash } from 'node:crypto'

/** Of all that began by a time, until the last of it has ended. */
export interface Bound { readonly startedAt: number, readonly until: number }
/** `byProvider`: as far as the provider itself said so. */
export interface OfSubject extends Bound { readonly byProvider: number }
/** `told` is where `startedAt` is later than when it was said: for sign-ins that were under way then. */
export interface Revoked extends Bound { readonly subject: string, readonly told: number }

// What processes tell each other, and a store keeps. It must not know whose sessions have ended.

/** `s ID SUBJECT STARTED UNTIL`, `s SID SUBJECT TOLD STARTED UNTIL` for a session at the provider. */
export function wordOf (id: string, { subject, startedAt, told, until }: Revoked): string {
  return `s ${id} ${subject} ${told === startedAt ? '' : `${told} `}${startedAt} ${until}`
}

/** `u SUBJECT STARTED UNTIL`, `u SUBJECT BY-PROVIDER STARTED UNTIL` where the provider has said so. */
export function wordFor (subject: string, { startedAt, until, byProvider }: OfSubject): string {
  return `u ${subject} ${byProvider === -Infinity ? '' : `${byProvider} `}${startedAt} ${until}`
}

/** `f STARTED UNTIL`: everybody's. */
export function wordForAll ({ startedAt, until }: Bound): string {
  return `f ${startedAt} ${until}`
}

export function nameOf (id: string): string {
  return hash('sha256', id, 'base64url')
}

export function subjectOf (provider: string, subject: string): string {
  return hash('sha256', JSON.stringify([provider, subject]), 'base64url')
}

export function sidOf (provider: string, sid: string): string {
  return hash('sha256', JSON.stringify([provider, 'sid', sid]), 'base64url')
}

/** Of somebody's sessions those that have no name at the provider, as if they were a subject's. */
export function namelessOf (provider: string, subject: string): string {
  return hash('sha256', JSON.stringify([provider, 'nameless', subject]), 'base64url')
}
