import { hash } from 'node:crypto'

/** Of all that began by a time, until the last of it has ended. */
export interface Bound { readonly startedAt: number, readonly until: number }
export interface Revoked extends Bound { readonly subject: string }

// What processes tell each other, and a store keeps. It must not know whose sessions have ended.

export function wordOf (id: string, { subject, startedAt, until }: Revoked): string {
  return `s ${id} ${subject} ${startedAt} ${until}`
}

export function wordFor (subject: string, { startedAt, until }: Bound): string {
  return `u ${subject} ${startedAt} ${until}`
}

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
