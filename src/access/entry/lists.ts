import type { AddressFile } from './live-list.ts'

export const LISTS = ['allowedDomains', 'allowedEmails', 'allowedEmailsFile', 'allowedGroups', 'allowedRoles', 'teamIds', 'allowedOrganizations'] as const satisfies readonly (keyof EntryLists)[]

/** Absent means no condition; a list that names nobody lets nobody in. */
export interface EntryLists {
  readonly allowedDomains?: readonly string[] | undefined
  readonly allowedEmails?: readonly string[] | undefined
  /** More addresses, beside `allowedEmails`. */
  readonly allowedEmailsFile?: AddressFile | undefined
  readonly allowedGroups?: readonly string[] | undefined
  readonly allowedRoles?: readonly string[] | undefined
  readonly teamIds?: readonly string[] | undefined
  readonly allowedOrganizations?: readonly string[] | undefined
}
