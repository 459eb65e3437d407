import { hash } from 'node:crypto'

/** By what revocations name a session, a subject at a provider and a session at a provider: none of it can be read back. */
export function nameOf (id: string): string {
  return hash('sha256', id, 'base64url')
}

export function subjectOf (provider: string, subject: string): string {
  return hash('sha256', JSON.stringify([provider, subject]), 'base64url')
}

export function sidOf (provider: string, sid: string): string {
  return hash('sha256', JSON.stringify([provider, 'sid', sid]), 'base64url')
}
