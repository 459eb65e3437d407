// The checklist of what Panel does: each of its 52 points is shown by a test, here or elsewhere, and what the gate does otherwise is on the page about Panel.
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { proseOf } from '../docs/markdown.ts'
import { points } from './points.ts'

const COUNT = 52

/** As it stands between the quotes of a source. */
const written = (title: string) => [title, title.replaceAll('\'', '\\\'')]

for (let number = 1; number <= COUNT; number++) {
  const point = points[number]
  t.test(`checklist ${number}: ${point?.given ?? 'nothing shows it'}`, t => {
    t.ok(point !== undefined && point.shown.length > 0, 'a test shows it')
    for (const [name, ...titles] of point?.shown ?? []) {
      const file = `test/${name}.test.ts`
      const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
      t.ok(titles.length > 0)
      for (const title of titles) {
        const after = written(title).flatMap(text => ['\'', '`'].map(quote => source.split(`t.test(${quote}${text}${quote}`)[1])).find(rest => rest !== undefined)
        t.match(after, /^, /, `${file}: ${title}`)
        t.notMatch(after?.slice(0, 200), /^[^\n]*\{[^\n}]*\b(?:skip|todo)\b/, 'and is not left out') // what a machine lacks is skipped from within, and in CI that fails
      }
    }
    t.end()
  })
}

t.test('what the gate does otherwise than Panel is on the page about Panel, with the reason, and nothing else is', t => {
  const rows = [...proseOf('docs/panel.md').matchAll(/^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$/gm)]
  t.strictSame(rows.map(([, number]) => Number(number)), Object.entries(points).filter(([, { otherwise }]) => otherwise).map(([number]) => Number(number)))
  t.notOk(Object.keys(points).some(number => Number(number) > COUNT))
  t.end()
})
