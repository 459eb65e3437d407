import { defineProvider } from '../src/provider.ts'

export default defineProvider({
  name: 'gitlab',
  label: 'GitLab',
  namesUser: true,
  scopes: ['openid', 'email', 'profile'],
  parameters: { url: { kind: 'origin', default: 'https://gitlab.com', example: 'gitlab.example.com', doc: 'Your own GitLab.' } },
  endpoints: ({ url = '' }) => ({ issuer: url, authorize: `${url}/oauth/authorize`, token: `${url}/oauth/token`, jwks: `${url}/oauth/discovery/keys`, revocation: `${url}/oauth/revoke` }),
  resources: ({ url = '' }, scopes) => ({
    user: scopes.includes('openid') ? `${url}/oauth/userinfo` : `${url}/api/v4/user`, // an openid token does not open the API, and the other way round
    groups: { url: `${url}/api/v4/groups?min_access_level=10&per_page=100`, next: 'link', scopes: ['read_api', 'api'], optional: true }
  }),
  guide: {
    summary: 'Accounts of gitlab.com or of your own GitLab, with its groups.', page: 'https://gitlab.com/-/user_settings/applications',
    register: 'Preferences → Applications → Add new application (Confidential; scopes openid, email, profile)', key: 'Application ID', secret: 'Secret', redirectUri: 'Redirect URI',
    traps: [
      'GitLab has no sign-out for apps: who signs out of the gate stays signed in at GitLab.',
      'Every scope that is asked for must be ticked on the application; GitLab knows no offline_access.',
      'Groups are full paths (acme/devs). With --oauth-scope=read_user the groups need read_api as well.'
    ]
  },
  identity ({ user, claims, groups }) {
    const login = user.text('username') ?? claims.text('preferred_username') ?? claims.text('nickname')
    const isVerified = claims.has('email_verified') ? claims.is('email_verified') : user.text('confirmed_at') !== undefined
    return {
      subject: claims.text('sub') ?? user.text('id'), user: login, login, name: claims.text('name'),
      email: isVerified ? claims.text('email') : undefined,
      groups: [...new Set([...claims.texts('groups'), ...groups.list().flatMap(group => group.text('full_path') ?? [])])]
    }
  }
})
