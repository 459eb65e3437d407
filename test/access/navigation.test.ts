import t from 'tap'
import { requestKind, isPrefetch, type RequestKind } from '../../src/access/navigation.ts'

const html = 'text/html,application/xhtml+xml,*/*;q=0.8'
const form = 'application/x-www-form-urlencoded'

t.test('what a request without a session asks for', async t => {
  const table: readonly (readonly [string, string, Record<string, string>, RequestKind])[] = [
    ['a browser opens a page', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: html }, 'navigation'],
    ['HEAD is like GET', 'HEAD', { 'sec-fetch-mode': 'navigate' }, 'navigation'],
    ['a page in a frame', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: html }, 'framed'],
    ['an object', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' }, 'framed'],
    ['an older word for a frame', 'GET', { 'sec-fetch-mode': 'nested-navigate' }, 'framed'],
    ['fetch that wants html', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: html }, 'other'],
    ['an image', 'GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'other'],
    ['a websocket', 'GET', { 'sec-fetch-mode': 'websocket', 'sec-fetch-dest': 'empty', accept: html }, 'other'],
    ['a mode nobody knows', 'GET', { 'sec-fetch-mode': 'navigate, cors', accept: html }, 'other'],
    ['a navigation for an unknown use', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'webidentity' }, 'other'],
    ['a prefetch', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' }, 'other'],
    ['a prerender', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch;prerender' }, 'other'],
    ['an older prefetch', 'GET', { accept: html, purpose: 'prefetch' }, 'other'],
    ['Firefox’s prefetch', 'GET', { accept: html, 'x-moz': 'prefetch' }, 'other'],
    ['Safari’s preview', 'GET', { accept: html, 'x-purpose': 'preview' }, 'other'],
    ['an older browser', 'GET', { accept: html }, 'navigation'],
    ['in capitals', 'GET', { accept: 'TEXT/HTML;q=0.9' }, 'navigation'],
    ['html is refused', 'GET', { accept: 'application/json, text/html;q=0' }, 'other'],
    ['html is refused in decimals', 'GET', { accept: 'text/html; q=0.000' }, 'other'],
    ['curl', 'GET', { accept: '*/*' }, 'other'],
    ['a program that says nothing', 'GET', {}, 'other'],
    ['a type that only begins so', 'GET', { accept: 'text/html5' }, 'other'],
    ['a form', 'POST', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'content-type': form }, 'form'],
    ['a form in an older browser', 'POST', { accept: html, 'content-type': `${form}; charset=utf-8` }, 'form'],
    ['a form with files', 'POST', { accept: html, 'content-type': 'multipart/form-data; boundary=x' }, 'form'],
    ['a program’s form', 'POST', { accept: '*/*', 'content-type': form }, 'other'],
    ['JSON', 'POST', { accept: html, 'content-type': 'application/json' }, 'other'],
    ['fetch that posts a form', 'POST', { 'sec-fetch-mode': 'cors', accept: html, 'content-type': form }, 'other'],
    ['another method', 'DELETE', { 'sec-fetch-mode': 'navigate', accept: html }, 'other'],
    ['another method with a form', 'PUT', { accept: html, 'content-type': form }, 'other']
  ]
  for (const [name, method, headers, expected] of table) t.equal(requestKind(headers, method), expected, name)
})

t.test('a header that came as a list is not believed', async t => {
  t.equal(requestKind({ accept: ['text/html'] }, 'GET'), 'other')
  t.equal(isPrefetch({ 'sec-purpose': 'Prefetch' }), true)
  t.equal(isPrefetch({}), false)
})
