// Runs the JMESPath compliance suite (https://github.com/jmespath/jmespath.test, its folder tests/) through our Expression:
// node scripts/jmespath-compliance.mjs FOLDER, after npm run types. Prints each case that differs, and the counts.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { documentOf, Expression, ExpressionFault } from '../build/src/identity/jmespath.js'

const folder = process.argv[2] ?? process.env.JMESPATH_SUITE
if (folder === undefined) throw new Error('Name the folder of the suite: node scripts/jmespath-compliance.mjs FOLDER')

/** Errors that have to stop the start; the others may, or leave a result missing. */
const AT_START = new Set(['syntax', 'unknown-function', 'invalid-arity'])

const count = { passed: 0, failed: 0, parsed: 0 }
for (const file of readdirSync(folder).filter(name => name.endsWith('.json')).sort()) {
  for (const { given, cases } of JSON.parse(readFileSync(join(folder, file), 'utf8'))) {
    for (const { expression, result, error, bench } of cases) {
      const seen = run(expression, given)
      if (bench !== undefined && result === undefined && error === undefined) {
        count[seen.fault === undefined ? 'parsed' : 'failed']++
        if (seen.fault !== undefined) tell(file, expression, 'to be parsed', seen)
        continue
      }
      const right = error === undefined ? 'value' in seen && isDeepStrictEqual(plain(seen.value), result) : seen.fault !== undefined || ('failed' in seen && !AT_START.has(error))
      count[right ? 'passed' : 'failed']++
      if (!right) tell(file, expression, error === undefined ? JSON.stringify(result) : `error ${error}`, seen)
    }
  }
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.parsed} are for parsing alone`)
process.exitCode = count.failed === 0 ? 0 : 1

function run (text, given) {
  try {
    return new Expression(text).evaluate(documentOf(given))
  } catch (error) {
    if (error instanceof ExpressionFault) return { fault: error.message }
    throw error
  }
}

function plain (value) {
  return JSON.parse(JSON.stringify(value))
}

function tell (file, expression, wanted, { fault, ...seen }) {
  console.log(`${file}: ${expression}\n  wanted ${wanted}\n  got ${fault ?? JSON.stringify(seen)}`)
}
