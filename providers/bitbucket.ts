import { defineProvider } from '../src/provider.ts'

const api = 'https://api.bitbucket.org/2.0'

export default defineProvider({
  name: 'bitbucket',
  label: 'Bitbucket',
  namesUser: true,
  scopes: ['account', 'email'],
  endpoints: { authorize: 'https://bitbucket.org/site/oauth2/authorize', token: 'https://bitbucket.org/site/oauth2/access_token' },
  authStyle: 'header', // the only way that Bitbucket documents
  resources: {
    user: `${api}/user`,
    emails: { url: `${api}/user/emails?pagelen=100`, next: { member: 'next' }, items: 'values', scopes: ['email'], optional: true },
    workspaces: { url: `${api}/user/workspaces?pagelen=100`, next: { member: 'next' }, items: 'values', scopes: ['account'], optional: true }
  },
  guide: {
    summary: 'Accounts of bitbucket.org, whose workspaces are their groups.',
    register: 'Workspace settings → OAuth consumers → Add consumer (permissions: Account Read and Email)', key: 'Key', secret: 'Secret', redirectUri: 'Callback URL',
    traps: [
      'Tick “This is a private consumer”, or Bitbucket refuses the secret.',
      'Scopes come from the consumer’s permissions. Groups are the workspaces by their slug.'
    ]
  },
  identity ({ user, emails, workspaces }) {
    const slugs = workspaces.list().flatMap(item => item.at('workspace').text('slug') ?? item.text('slug') ?? [])
    return {
      subject: user.text('account_id') ?? user.text('uuid'),
      user: user.text('username') ?? user.text('account_id'), // never the nickname, which anyone may choose
      login: user.text('username') ?? user.text('nickname'), name: user.text('display_name'),
      email: emails.list().find(email => email.is('is_primary') && email.is('is_confirmed'))?.text('email'),
      groups: slugs, organizations: slugs
    }
  }
})
