import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createExplainer } from '../fixtures/explained.ts'

function configOf (settings: Settings) {
  return loadConfig({ env: {}, settings: { upstream: ['http://localhost:5006'], oauthKey: 'k', oauthSecret: 's', cookieSecret: 'the-cookie-secret-of-the-tests-0123456789', ...settings } }).config
}

t.test('a document counts where the gate asks for a scope that opens it, and is refused where it does not', async t => {
  const { file, explain } = createExplainer(t)
  const user = `user=${file({ id: 7, login: 'ada' })}`
  const organizations = `organizations=${file([{ login: 'acme' }])}`
  const asking = configOf({ oauthProvider: 'github', allowedGroups: ['acme'] })
  t.match(explain(asking, { document: [user, organizations] }), { identity: { user: 'ada', groups: ['acme'] }, refusal: null, decision: { verdict: 'admitted' } })
  for (const settings of [{ oauthProvider: 'github' }, { oauthProvider: 'github', allowedGroups: ['acme'], emptyScopes: true }]) {
    const error = t.throws(() => explain(configOf(settings), { document: [user, organizations] }), ConfigError) as ConfigError
    t.match(error.problems, [{ setting: 'document', fix: /NAME is one of user/ }])
    t.notMatch(error.problems[0]?.fix, /organizations/)
  }
})
