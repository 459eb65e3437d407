import { defineProvider } from 'oauth-gate'

export default defineProvider({
  name: 'example', // --oauth-provider=example
  label: 'Example ID', // what the button says
  scopes: ['openid', 'email', 'profile'],
  parameters: {
    url: { kind: 'origin', example: 'id.example.com', doc: 'Where your Example ID is.' }
  },
  requires: ['url'],
  endpoints: ({ url }) => url === undefined ? {} : { issuer: url, authorize: `${url}/auth`, token: `${url}/token`, jwks: `${url}/jwks` },
  resources: ({ url }) => url === undefined ? {} : { user: `${url}/me` },
  guide: {
    summary: 'Accounts of an Example ID.',
    register: 'Settings → Apps → New app',
    key: 'Client ID',
    secret: 'Client secret',
    redirectUri: 'Callback URL',
    traps: ['An app has to be approved before anybody but its owner can sign in.']
  },
  // What is not there is undefined, and nothing here throws: claims are what a stranger wrote.
  identity: ({ claims }) => ({
    subject: claims.text('sub'), // an id, never a name: those change hands
    email: claims.is('email_verified') ? claims.text('email') : undefined,
    login: claims.text('preferred_username'),
    name: claims.text('name'),
    groups: claims.texts('groups')
  })
})
