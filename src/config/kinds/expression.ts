import { advise } from '../../identity/jmespath-advice.ts'
import { Expression, ExpressionFault } from '../../identity/jmespath.ts'
import { Problem } from '../config-error.ts'
import { asText, type Kind } from './kind.ts'

/** JMESPath, compiled while the settings are read, so that a mistake stops the start and not a sign-in. */
export const expression: Kind<Expression, string> = {
  shape: 'jmespath',
  parse: raw => {
    const text = asText(raw).trim()
    if (text === '') throw new Problem('is empty')
    try {
      return new Expression(text)
    } catch (error) {
      if (error instanceof ExpressionFault) throw new Problem(`: ${error.message}`, 'Names with other signs than letters, digits and _ stand in "quotes", texts in \'apostrophes\'. https://jmespath.org has the grammar.')
      throw error
    }
  },
  remark: raw => remarkOn(asText(raw).trim())
}

/** What an expression that compiles probably does not mean as it is written, to be told after the name of its setting. @param isCondition its truth is what counts */
export function remarkOn (text: string, isCondition = false): string | undefined {
  const advice = advise(text, isCondition)
  if (advice === undefined) return undefined
  const meant = advice.corrected === undefined ? '' : `; probably meant: ${advice.corrected.replace(/\s*\n\s*/g, ' ')}`
  return `${advice.found.join('; it ')}${meant}`
}
