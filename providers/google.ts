import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'google',
  label: 'Google',
  scopes: ['openid', 'email', 'profile'],
  refresh: { params: { access_type: 'offline', prompt: 'consent' } }, // without the second it comes at somebody’s first sign-in alone
  parameters: { hd: { kind: 'text', sent: true, example: 'example.com', doc: 'Only accounts of this Google Workspace domain; * for any Workspace.' } },
  endpoints: {
    issuer: 'https://accounts.google.com',
    authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    jwks: 'https://www.googleapis.com/oauth2/v3/certs'
  }, // its revocation takes back all that the person has granted, for every browser; and it has no sign-out
  guide: {
    summary: 'Google accounts, or those of one Workspace domain.', page: 'https://console.cloud.google.com/apis/credentials',
    register: 'Google Cloud console → APIs & Services → Credentials → Create OAuth client ID → Web application', key: 'Client ID', secret: 'Client secret', redirectUri: 'Authorized redirect URIs',
    traps: [
      'Without hd or --allowed-domains anyone with a Google account may enter.',
      'Google has no sign-out for apps: who signs out of the gate stays signed in at Google.',
      'Google knows no offline_access, and sends no groups.',
      'While the consent screen is in testing, only the listed test users get in.'
    ]
  },
  identity ({ claims, ...rest }, { parameters: { hd } }) {
    const domain = claims.text('hd')
    const isMember = hd === undefined || (hd === '*' ? domain !== undefined : domain?.toLowerCase() === hd.toLowerCase())
    return {
      ...openidIdentity({ claims, ...rest }),
      email: claims.is('email_verified') ? claims.text('email') : undefined,
      ...isMember ? {} : { refused: hd === '*' ? 'this site is for Google Workspace accounts' : `this site is for accounts of ${hd}` }
    }
  }
})
