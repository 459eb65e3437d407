/** Somebody the embedded provider can sign in. `claims` is what it says about them, member by member; `sub` is required. */
export interface Person {
  /** Chosen on the provider's page; in the password grant it is the name and, this being a demo, the password. */
  readonly login: string
  /** One sentence on what this person may see, for the page and the terminal. */
  readonly about: string
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string }
}

function person (login: string, about: string, name: string, groups?: readonly string[]): Person {
  const email = { email: `${login}@example.com`, email_verified: true }
  return { login, about, claims: { sub: `demo-${login}`, name, preferred_username: login, ...email, ...groups && { groups } } }
}

export const people: readonly Person[] = Object.freeze([
  person('ada', 'an admin: sees every page', 'Ada Lovelace', ['admins', 'staff']),
  person('ben', 'an editor: every page but the admin’s', 'Ben Editor', ['editors', 'staff']),
  person('cleo', 'a viewer: neither the editors’ page nor the admin’s', 'Cleo Viewer', ['staff']),
  // No `groups` claim at all, as from a provider that was never told to send groups: not the same as an empty list.
  person('dev', 'in no group at all: the same as the viewer', 'Dev Newcomer')
])
