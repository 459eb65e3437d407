import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'gitea',
  aliases: ['forgejo'],
  label: 'Gitea',
  scopes: ['openid', 'email', 'profile'],
  groupScopes: ['groups'],
  userKey: 'preferred_username',
  parameters: { url: { kind: 'origin', default: 'https://gitea.com', example: 'git.example.com', doc: 'Your own Gitea or Forgejo.' } },
  endpoints: ({ url = '' }) => ({ authorize: `${url}/login/oauth/authorize`, token: `${url}/login/oauth/access_token`, jwks: `${url}/login/oauth/keys` }),
  resources: ({ url = '' }) => ({ user: `${url}/login/oauth/userinfo` }),
  guide: {
    summary: 'Accounts of gitea.com or of your own Gitea or Forgejo; organizations and teams are groups.', page: 'https://gitea.com/user/settings/applications',
    register: 'Settings → Applications → Manage OAuth2 Applications → Create', key: 'Client ID', secret: 'Client Secret', redirectUri: 'Redirect URIs',
    traps: ['Groups are organizations (acme) and teams (acme:devs).', 'An address is only as good as the server’s REGISTER_EMAIL_CONFIRM.']
  },
  identity: sources => ({ ...openidIdentity(sources), email: sources.claims.is('email_verified') ? sources.claims.text('email') : undefined }) // what is not verified it leaves out
})
