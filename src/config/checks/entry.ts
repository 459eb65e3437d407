import type { ConfigProblem } from '../config-error.ts'
import { flagOf } from '../names.ts'
import type { EntryOption, ProviderConfig, Values } from '../options.ts'
import type { Choices } from '../providers/settle.ts'

interface Findings {
  readonly choices: Choices
  readonly problems: ConfigProblem[]
  readonly notices: string[]
}

/** Allow lists that would let nobody in, or everybody. */
export function checkEntry (providers: readonly ProviderConfig[], findings: Findings): void {
  checkSignUp(providers, findings)
  checkPeople(providers, findings)
  checkRoles(providers, findings)
}

function checkSignUp (providers: readonly ProviderConfig[], { choices, problems, notices }: Findings): void {
  if (choices.get('allowSignUp')?.value !== false) return
  // What was refused is not missing as well: a list for all, or a provider's own.
  const refused = !choices.has('allowedEmails') || !choices.has('allowedEmailsFile') || problems.some(({ setting }) => setting === 'allowed-emails' || setting === 'allowed-emails-file')
  const isListed = given(choices, 'allowedEmails') || given(choices, 'allowedEmailsFile')
  const without = isListed ? [] : providers.filter(({ entry = {} }) => entry.allowedEmails === undefined && entry.allowedEmailsFile === undefined)
  if (without.length > 0 && !refused) {
    const who = without.length === providers.length ? 'nobody' : `nobody who comes by ${without.map(({ id }) => id).join(' or ')}`
    problems.push({ setting: 'allow-sign-up', message: `With --allow-sign-up=no a list must say who may enter, and there is none: ${who} could.`, fix: 'Name them in --allowed-emails or --allowed-emails-file, or take --allow-sign-up=no out.' })
  }
  if (given(choices, 'allowedDomains')) notices.push('--allowed-domains means nothing with --allow-sign-up=no: only addresses that are listed may enter')
}

/** Of whom the gate knows but the name nobody has an address or a group. */
function checkPeople (providers: readonly ProviderConfig[], { choices, problems }: Findings): void {
  for (const { id, basicAuth, entry = {}, emailAttributePath, groupsAttributePath } of providers) {
    if (basicAuth === undefined) continue
    const asked = (option: EntryOption) => given(choices, option) || entry[option] !== undefined
    const addresses = (['allowedDomains', 'allowedEmails', 'allowedEmailsFile'] as const).filter(option => emailAttributePath === undefined && asked(option))
    const groups = (['allowedGroups', 'teamIds', 'allowedOrganizations'] as const).filter(option => (option !== 'allowedGroups' || groupsAttributePath === undefined) && asked(option))
    for (const option of [...addresses, ...groups]) {
      problems.push({
        setting: flagOf(option), message: `--${flagOf(option)} lets in nobody who comes by --basic-auth: such people have a name alone.`,
        fix: providers.length > 1 ? `Move it into the providers it is for: ${providers.filter(other => other.basicAuth === undefined).map(other => other.id).join(', ') || `not ${id}`}.` : 'Take it out: who may enter is whoever has a password.'
      })
    }
  }
}

/** Without a path to it nobody has a role. */
function checkRoles (providers: readonly ProviderConfig[], { choices, problems, notices }: Findings): void {
  const common = choices.get('allowedRoles')?.value as Values['allowedRoles']
  for (const provider of providers) {
    const lists = [common, provider.entry?.allowedRoles].filter(list => list !== undefined)
    const said = Object.hasOwn(provider, 'roleAttributePath') // and not refused, which is told already
    if (lists.length === 0 || !said) continue
    const several = providers.length > 1 || provider.entry !== undefined
    const [where, path, strict, initial] = several
      ? [`Provider ${provider.id}: `, 'role_attribute_path', 'role_attribute_strict: true', 'default_role: none']
      : ['', '--role-attribute-path', '--role-attribute-strict', '--default-role=none']
    const fallback = provider.defaultRole ?? 'Viewer'
    if (provider.roleAttributePath === undefined) problems.push({ setting: 'allowed-roles', message: `${where}--allowed-roles asks for a role, and without ${path} nobody has one, so nobody could enter.`, fix: `Add ${path}, an expression that gives None, Viewer, Editor or Admin.` })
    else if (!provider.roleAttributeStrict && lists.every(list => list.includes(fallback))) notices.push(`${where}--allowed-roles has ${fallback}, which is the role of everybody to whom ${path} gives none: ${strict} or ${initial} keeps those out`)
  }
}

function given (choices: Choices, option: EntryOption): boolean {
  return choices.get(option)?.value !== undefined
}
