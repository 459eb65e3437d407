export const ROLES = ['None', 'Viewer', 'Editor', 'Admin'] as const
export type Role = typeof ROLES[number]

const spelled: ReadonlyMap<string, Role> = new Map([...ROLES.map(role => [role.toLowerCase(), role] as const), ['grafanaadmin', 'Admin']])

/** The role of that name, in any case; `GrafanaAdmin` is `Admin`. */
export function roleNamed (text: string): Role | undefined {
  return spelled.get(text.toLowerCase())
}
