// Whom a Panel app takes somebody for who may pass without a session.
import t from 'tap'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { personCalled } from '../fixtures/people.ts'
import { python } from '../fixtures/python.ts'
import { seenBy, startLifted, ways } from './setup.ts'

t.setTimeout(170_000)

for (const [way, { env, settings }] of Object.entries(ways)) {
  t.test(`checklist 35: on optional routes of an app with ${way} a stranger is Panel’s guest, and a person once signed in`, async t => {
    const interpreter = python(t, 'panel')
    const browser = interpreter === null ? undefined : await launchBrowser(t)
    if (interpreter === null || browser === undefined) return
    const { origin } = await startLifted(t, interpreter, { apps: ['who'], env: { ...env, PANEL_OAUTH_OPTIONAL: 'true' }, settings: { ...settings, oauthOptional: true, loginEndpoint: '/login' } })
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${origin}/who`)
    t.match(await seenBy(page, 'page'), { user: 'guest', token: false, told: null })
    t.match(await seenBy(page, 'opened'), { user: 'guest' })
    await page.goto(`${origin}/login?next=/who`)
    await signInAs(page, personCalled('ada'))
    t.match(await seenBy(page, 'opened'), { user: 'ada@example.com', email: 'ada@example.com', told: 'ada@example.com' }, 'who signs in is a guest no longer')
  })
}
