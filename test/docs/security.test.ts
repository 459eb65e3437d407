// docs/security.md names no test that is not there, and no threat without one.
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { lowerings } from '../../src/cli/lowered.ts'
import { flagOf } from '../../src/config/names.ts'
import { read } from './markdown.ts'

const page = 'docs/security.md'
const sections = read(page).replace(/^[^]*?\n## Threats\n/, '').replace(/\n## [^]*$/, '').split(/^### /m).slice(1)
const codes = new Map<string, string>()

t.ok(sections.length >= 7, `the table is read: ${sections.length} sections`)

for (const section of sections) {
  const [name = '', ...lines] = section.split('\n')
  const rows = lines.filter(line => line.startsWith('| ')).slice(1)
  t.test(`${name}: each threat has a rule, and tests that are there`, async t => {
    t.ok(rows.length > 0, 'there are threats')
    for (const row of rows) {
      const [threat = '', rule = '', tests = '', ...more] = row.slice(2, -2).split(' | ')
      t.ok(threat !== '' && rule !== '' && more.length === 0, `${threat}: three columns`)
      const links = [...tests.matchAll(/\[((?:[^\]\\]|\\.)+)\]\(([^)\s]+)\)/g)]
      t.ok(links.length > 0, `${threat}: a test is named`)
      t.equal(tests.replace(/\[(?:[^\]\\]|\\.)+\]\([^)\s]+\)/g, '').replaceAll(', ', ''), '', `${threat}: nothing but tests is named`)
      for (const [, title = '', target = ''] of links) {
        const file = normalize(join(dirname(page), target))
        t.ok(/^test\/.*\.ts$/.test(file) && existsSync(file) && stands(title.replaceAll('\\', ''), file), `${file} has “${title}”`)
      }
    }
  })
}

t.test('what lowers security is there by its name and with its settings, and nothing else is', async t => {
  const [, table = ''] = /\n## What lowers security\n([^]*?)\n## /.exec(read(page)) ?? []
  const rows = new Map([...table.matchAll(/^\| `(LOWERS_\w+)` \| (.*?) \| (.+?) \|$/gm)].map(([, name = '', by = '']) => [name, by]))
  t.strictSame([...rows.keys()], lowerings.map(({ name }) => name as string).sort(), 'each, in the order of the alphabet')
  for (const { name, settings } of lowerings) for (const setting of settings) t.ok(rows.get(name)?.includes(`--${flagOf(setting)}`), `${name} by --${flagOf(setting)}`)
})

/** Whether a text stands in a file of tests: a title, or the name of a case in a table. What is in a comment is none. */
function stands (text: string, file: string): boolean {
  const code = codes.get(file) ?? read(file).replace(/^ *(?:\/\/|\/?\*).*$/gm, '').replaceAll('\\\'', '\'')
  codes.set(file, code)
  return ['\'', '`', '"'].some(quote => code.includes(`${quote}${text}${quote}`))
}
