import { defineProvider } from '../src/provider.ts'

/** In the cloud, with data residency too, the API is a host of its own. */
const apiOf = (url: string): string => /^https:\/\/(?:github\.com|[\w-]+\.ghe\.com)$/.test(url) ? url.replace('//', '//api.') : `${url}/api/v3`
const ofOrganizations = ['read:org', 'write:org', 'admin:org']

export default defineProvider({
  name: 'github',
  label: 'GitHub',
  namesUser: true,
  scopes: ['read:user', 'user:email'],
  groupScopes: ['read:org'],
  refresh: { remark: 'the tokens of an OAuth App have no end, so nothing renews them; those of a GitHub App do' },
  parameters: { url: { kind: 'origin', default: 'https://github.com', example: 'github.example.com', doc: 'Your GitHub Enterprise Server, or your address below ghe.com.' } },
  endpoints: ({ url = '' }) => ({ authorize: `${url}/login/oauth/authorize`, token: `${url}/login/oauth/access_token`, revocation: `${apiOf(url)}/applications/{client_id}/token` }),
  resources: ({ url = '' }) => ({
    user: `${apiOf(url)}/user`,
    emails: { url: `${apiOf(url)}/user/emails?per_page=100`, next: 'link', scopes: ['user:email', 'user'], optional: true },
    organizations: { url: `${apiOf(url)}/user/orgs?per_page=100`, next: 'link', scopes: ofOrganizations, optional: true },
    teams: { url: `${apiOf(url)}/user/teams?per_page=100`, next: 'link', scopes: ofOrganizations, optional: true }
  }),
  accept: 'application/vnd.github+json', signOut: { revokes: 'by-delete' },
  guide: {
    summary: 'Accounts of github.com or GitHub Enterprise; organizations and teams are groups.', page: 'https://github.com/settings/developers',
    register: 'Settings → Developer settings → OAuth Apps → New OAuth App', key: 'Client ID', secret: 'Client secret', redirectUri: 'Authorization callback URL',
    traps: [
      'Groups are organizations (acme) and teams (acme:devs). They are read where a rule speaks of groups, or with --oauth-scope="read:user user:email read:org".',
      'An organization that restricts OAuth apps shows itself only once its owner has approved the app.'
    ]
  },
  identity ({ user, emails, organizations, teams }) {
    const ofTeams = teams.list().map(team => `${team.at('organization').text('login') ?? ''}:${team.text('slug') ?? ''}`)
    const names = organizations.list().flatMap(organization => organization.text('login') ?? [])
    return {
      subject: user.text('id'), user: user.text('login'), login: user.text('login'), name: user.text('name'),
      email: emails.list().find(email => email.is('primary') && email.is('verified'))?.text('email'),
      groups: [...names, ...ofTeams], teams: ofTeams, organizations: names
    }
  }
})
