import { defineProvider, type ParameterValues } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

const at = ({ url, application }: ParameterValues, what: string): string => `${url}/OAuth2/${what}/${application}`
const isKnown = ({ url, application }: ParameterValues): boolean => url !== undefined && application !== undefined

export default defineProvider({
  name: 'centrify',
  label: 'Centrify',
  scopes: ['openid', 'email', 'profile'],
  parameters: {
    url: { kind: 'origin', example: 'acme.my.centrify.com', doc: 'Your Centrify (now Idaptive, CyberArk) address.' },
    application: { kind: 'text', aliases: ['application_id', 'app_id'], example: 'grafana', doc: 'The application ID of the OpenID Connect app.' }
  },
  requires: ['url|oauthIssuer|oauthAuthorizeUrl', 'application|oauthIssuer|oauthAuthorizeUrl'],
  endpoints: parameters => isKnown(parameters) ? { authorize: at(parameters, 'Authorize'), token: at(parameters, 'Token') } : {},
  resources: parameters => ({ ...isKnown(parameters) ? { user: at(parameters, 'UserInfo') } : {} }),
  guide: {
    summary: 'Accounts of Centrify, now CyberArk Identity.',
    register: 'Admin portal → Apps → Add Web Apps → Custom → OpenID Connect', key: 'OpenID Connect Client ID', secret: 'OpenID Connect Client Secret', redirectUri: 'Authorized Redirect URIs',
    traps: ['The application ID is what you typed on the app’s Settings page, not a number.', 'No issuer is set, so id_tokens are believed because TLS brought them; set --oauth-issuer to have them verified.']
  },
  identity: openidIdentity
})
