import { parseDomain } from '../email.ts'
import { either, theOnes, type Noun } from '../wording.ts'
import type { EntryLists } from './lists.ts'

/** Whom a condition on addresses is for: an empty list where there is none. */
export function whoByEmail ({ allowedDomains = [], allowedEmails, allowedEmailsFile }: EntryLists, count = allowedEmailsFile?.addresses.length ?? 0): string[] {
  const domains = allowedDomains.flatMap(text => parseDomain(text)?.text ?? [])
  return [
    ...domains.length > 0 ? [`anyone at ${either(domains)}`] : [],
    ...allowedEmails === undefined || allowedEmails.length === 0 ? [] : [either(allowedEmails)],
    ...allowedEmailsFile === undefined ? [] : [`those listed in ${allowedEmailsFile.path} (${count} address${count === 1 ? '' : 'es'})`]
  ]
}

/** Who may enter, in one sentence. @param otherwise who may where no address is asked for */
export function sentenceOf (lists: EntryLists, otherwise: string): string {
  const parts = whoByEmail(lists)
  if (parts.length === 0 && [lists.allowedDomains, lists.allowedEmails].some(list => list !== undefined)) return 'Nobody may enter.' // a list of none
  const who = parts.length > 0 ? parts.join(', or ') : otherwise
  const qualities = qualitiesOf(lists, parts.length > 0 ? 'also ' : '')
  return `${capital(who)}${qualities.length === 0 ? '' : parts.length > 1 ? `, who ${enumerated(qualities)},` : ` who ${enumerated(qualities)}`} may enter.`
}

function qualitiesOf ({ allowedGroups, allowedRoles, teamIds, allowedOrganizations }: EntryLists, also: string): string[] {
  const qualities: readonly (readonly [before: string, after: string, noun: Noun, list: readonly string[] | undefined])[] = [
    ['is ', 'in ', 'group', allowedGroups], ['', 'has ', 'role', allowedRoles], ['is ', 'in ', 'team', teamIds], ['', 'belongs to ', 'organization', allowedOrganizations]
  ]
  const asked = qualities.flatMap(([before, after, noun, list]) => list === undefined ? [] : [[before, after + theOnes(noun, list)] as const])
  return asked.map(([before, rest], index) => `${before}${index === 0 ? also : ''}${rest}`)
}

function enumerated (texts: readonly string[]): string {
  return texts.length < 2 ? texts.join() : `${texts.slice(0, -1).join(', ')} and ${texts.slice(-1).join()}`
}

/** An address begins a sentence as it is written. */
function capital (sentence: string): string {
  return sentence.startsWith('anyone') ? 'A' + sentence.slice(1) : `Only ${sentence}`
}
