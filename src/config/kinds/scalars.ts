import { asItems, asText, nameOf, type Kind } from './kind.ts'
import { Problem } from '../config-error.ts'

const control = /[\u0000-\u001f\u007f]/
const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const longestTimer = 2_147_483_647 // setTimeout fires at once beyond 31 bits

export const text: Kind<string, string> = { shape: 'text', parse: readText }

/** Some setups keep their words in any case, as Panel takes provider names. */
export const word: Kind<string, string> = { shape: 'name', parse: raw => readText(raw).trim().toLowerCase() }

export const flag: Kind<boolean, boolean> = {
  shape: 'yes|no',
  bare: true,
  parse: raw => {
    if (typeof raw === 'boolean') return raw
    const value = asText(raw).trim().toLowerCase()
    if (isOn(value)) return true
    if (['0', 'false', 'no', 'off'].includes(value)) return false
    throw new Problem('must be true or false', 'Write one of 1, true, yes, on, or one of 0, false, no, off.')
  }
}

export function isOn (text: string): boolean {
  return ['1', 'true', 'yes', 'on'].includes(text.trim().toLowerCase())
}

export function integer (min: number, max: number): Kind<number, number> {
  return {
    shape: 'number',
    parse: raw => {
      const value = asText(raw).trim()
      const number = Number(value)
      if (!/^\d{1,15}$/.test(value) || number < min || number > max) throw new Problem(`must be a whole number from ${min} to ${max}`)
      return number
    }
  }
}

/** How many of something there are, or as many as the machine has a use for. */
export function count (max: number): Kind<number | 'auto', number | 'auto'> {
  const { parse } = integer(1, max)
  return {
    shape: 'number|auto',
    parse: raw => {
      if (typeof raw === 'string' && raw.trim().toLowerCase() === 'auto') return 'auto'
      try {
        return parse(raw)
      } catch (error) {
        throw error instanceof Problem ? new Problem(`${error.message}, or auto`) : error
      }
    }
  }
}

/** Milliseconds inside. A number alone is in seconds, wherever it is written. */
export const duration: Kind<number, number | string> = {
  shape: 'time',
  parse: raw => {
    const [, amount, unit] = /^(\d{1,12}(?:\.\d{1,9})?)\s*(ms|s|m|h)?$/.exec(decimal(raw)) ?? []
    const milliseconds = Math.round(Number(amount) * (units[unit ?? 's'] ?? NaN))
    if (amount === undefined) throw new Problem('must be a time', 'Write seconds as 30 or 30s, or 500ms, 2m, 1h.')
    if (milliseconds < 1 || milliseconds > longestTimer) throw new Problem('must be longer than 0 and at most 24 days')
    return milliseconds
  }
}

/** Milliseconds, or Infinity for what never comes. @param least milliseconds */
export function timeOrOff (least: number): Kind<number, number | string | boolean> {
  return {
    shape: 'time|off',
    parse: raw => {
      if (raw === false || (typeof raw === 'string' && /^\s*(?:off|no|never|false)\s*$/i.test(raw))) return Infinity
      if (raw === true) throw new Problem('must be a time, or off', 'Write 30m, or off.')
      if (least === 0 && /^0\s*(?:ms|s|m|h)?$/.test(decimal(raw as number | string))) return 0
      if (typeof raw === 'string' && !/\d/.test(raw)) throw new Problem('must be a time, or off', 'Write 30m, or off.')
      return duration.parse(raw as number | string)
    }
  }
}

/** Days, as their name says; fractions count. */
export const days: Kind<number, number | string> = {
  shape: 'days',
  parse: raw => {
    const value = decimal(raw)
    const number = Number(value)
    if (!/^(?:\d{1,6}(?:\.\d{0,12})?|\.\d{1,12})$/.test(value) || !(number > 0)) throw new Problem('must be a number of days greater than 0', 'Write 1, or 0.5 for twelve hours.')
    if (number > 36_500) throw new Problem('must be at most 36500 days')
    return number
  }
}

/** One of a few words, in any case. Synonyms are what other programs call them. */
export function choice<C extends string> (words: readonly C[], synonyms: Readonly<Record<string, C>> = {}): Kind<C, C> {
  return {
    shape: words.join('|'),
    parse: raw => {
      const value = (typeof raw === 'boolean' ? (raw ? 'on' : 'off') : asText(raw).trim()).toLowerCase()
      const found = words.find(word => word === value) ?? new Map(Object.entries(synonyms)).get(value)
      if (found === undefined) throw new Problem(`must be one of ${words.join(', ')}`)
      return found
    }
  }
}

/** Items separated by commas. Whoever has an item with a comma in it writes a list in a file, or JSON. */
export const list: Kind<readonly string[], readonly string[] | string> = {
  shape: 'a,b',
  repeatable: true,
  parse: raw => items(asItems(raw, /,/))
}

/** Items separated by commas or spaces. */
export const words: Kind<readonly string[], readonly string[] | string> = {
  shape: 'a,b',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/))
}

export const fileName: Kind<string, string> = { shape: 'file', parse: readText }

/** A frozen list without empty items, doubles or control characters. */
export function items<T extends string> (values: readonly T[]): readonly T[] {
  if (values.length === 0) throw new Problem('is an empty list', 'Name at least one, or leave the setting out.')
  if (values.some(value => value === '')) throw new Problem('has an empty item')
  if (values.some(value => control.test(value))) throw new Problem('contains a line break or another control character')
  return Object.freeze([...new Set(values)])
}

function readText (raw: unknown): string {
  const value = asText(raw)
  if (value.trim() === '') throw new Problem('is empty')
  if (control.test(value)) throw new Problem('contains a line break or another control character', 'Look for a newline at its end.')
  if (value !== value.trim()) throw new Problem('begins or ends with a space')
  return value
}

function decimal (raw: unknown): string {
  if (typeof raw !== 'number' && typeof raw !== 'string') throw new Problem(`must be a number, not ${nameOf(raw)}`)
  return String(raw).trim()
}
