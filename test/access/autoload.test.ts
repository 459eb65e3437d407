import t from 'tap'
import { isAutoload, isForOurPage } from '../../src/access/autoload.ts'
import { originMatcher } from '../../src/access/origins.ts'

const own = 'https://app.example.com'
const admits = originMatcher(['https://portal.example.com'])
const asks = (headers: Readonly<Record<string, string>>) => isForOurPage(headers, own, admits)

t.test('the script with the token is known by each spelling that the app, or a proxy before it, may take for its path', async t => {
  for (const path of ['/autoload.js', '/app/autoload.js', '/user/alice/autoload.js', '/app/autoload-js', '/app/autoload/js', '/app/autoload\xe2\x82\xacjs', '/app/%61utoload.js', '/app/%2561utoload.js', '/app/autoload%2ejs', '/app//autoload.js', '/app/autoload.js;x', '/app/autoload.js%3fx', '/app/x/../autoload.js', '/app%2fautoload.js', '/app/autoload%js', `/${'%41'.repeat(2_000)}`]) t.ok(isAutoload(path), path.slice(0, 60))
  for (const path of ['/', '/x'.repeat(3_000), '/app', '/app/ws', '/app/metadata', '/app/autoload', '/app/autoload.js/more', '/static/js/bokeh.min.js', '/myautoload.js', '/app/autoload.json', '/app/a%20b.js']) t.notOk(isAutoload(path), path)
})

t.test('a page of ours asks, or one that was named, where the browser says so', async t => {
  for (const headers of [
    { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin: own }, { origin: 'https://APP.example.com' }, { referer: `${own}/app?x=1` }, { 'sec-fetch-site': 'same-origin', origin: 'null' },
    { 'sec-fetch-site': 'same-site', origin: 'https://portal.example.com' }, { 'sec-fetch-site': 'same-site', referer: 'https://portal.example.com/' }, { referer: 'https://portal.example.com/page' }
  ]) t.ok(asks(headers), JSON.stringify(headers))
})

t.test('no other page does, and where nothing says who asks nobody does', async t => {
  for (const headers of [
    {}, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site', referer: 'https://other.example.com/' }, { origin: 'https://app.example.com:8443' }, { origin: 'http://app.example.com' }, { origin: 'null' },
    { origin: 'https://evil.example', referer: `${own}/app` }, { referer: '' }, { referer: 'app.example.com' }, { referer: `https://evil.example/?${own}` }, { referer: `${own}@evil.example/` }, { referer: `${own}.evil.example/` }, { referer: 'about:client' }
  ]) t.notOk(asks(headers), JSON.stringify(headers))
})
