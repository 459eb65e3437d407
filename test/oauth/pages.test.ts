import t from 'tap'
import { ProviderAnswerInvalid } from '../../src/errors.ts'
import { createProviderFetch } from '../../src/oauth/http.ts'
import { readPages } from '../../src/oauth/resources.ts'
import { startHostileProvider } from '../fixtures/hostile-provider.ts'

t.test('a list that never ends does not fill the memory of the gate', async t => {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  const page = `[${Array<string>(200_000).fill('[]').join(',')}]`
  hostile.answer('/teams', response => { response.writeHead(200, { 'content-type': 'application/json', link: `<${hostile.issuer}/teams?page=2>; rel="next"` }).end(page) })
  const reading = readPages(`${hostile.issuer}/teams`, { fetch: createProviderFetch(), accessToken: 'opaque' })
  await t.rejects(reading, new ProviderAnswerInvalid(`GET ${hostile.issuer}/teams has pages of more than 4194304 characters together`))
  t.equal(hostile.at('/teams').length, 7, 'and nobody is asked for more')
})
