/**
 * Functions of JMESPath that we have ourselves. The library's take time or memory beyond any bound for claims that somebody
 * chose (`trim` of many spaces, `pad_left` to a billion), give objects a prototype, or order texts and numbers otherwise than
 * the specification says.
 */

const LONGEST_TEXT = 1024 * 1024 // characters

/** Counts the steps of an evaluation, and ends it when they are too many. */
export type Charge = (steps: number) => void

/** Evaluates what stood after & for one value. */
export type Caller = (expression: unknown, value: unknown) => unknown

type Run = (args: readonly unknown[], call: Caller) => unknown

/** By name. The types of the arguments were looked at before, as far as they are declared. */
export function replaced (charge: Charge): Readonly<Record<string, Run>> {
  return {
    ...texts(charge), ...objects(),
    map: ([expression, list], call) => (list as unknown[]).map(item => call(expression, item)),
    sort: ([list]) => sorted(list as unknown[], item => item, charge),
    sort_by: ([list, expression], call) => sorted(list as unknown[], item => call(expression, item), charge),
    max: ([list]) => sorted(list as unknown[], item => item, charge).at(-1) ?? null,
    min: ([list]) => sorted(list as unknown[], item => item, charge)[0] ?? null,
    max_by: ([list, expression], call) => sorted((list as unknown[]).toReversed(), item => call(expression, item), charge).at(-1) ?? null,
    min_by: ([list, expression], call) => sorted(list as unknown[], item => call(expression, item), charge)[0] ?? null
  }
}

function texts (charge: Charge): Record<string, Run> {
  return {
    trim: ([text, signs]) => trimmed(text as string, signs as string | undefined, true, true),
    trim_left: ([text, signs]) => trimmed(text as string, signs as string | undefined, true, false),
    trim_right: ([text, signs]) => trimmed(text as string, signs as string | undefined, false, true),
    pad_left: ([text, width, sign]) => padding(text as string, width as number, sign as string | undefined) + (text as string),
    pad_right: ([text, width, sign]) => (text as string) + padding(text as string, width as number, sign as string | undefined),
    join: ([glue, list]) => joined(list as string[], glue as string, charge),
    replace: ([text, old, by, count]) => joined(pieces(text as string, old as string, count as number | undefined), by as string, charge),
    split: ([text, separator, count]) => text === '' && separator === '' ? [] : pieces(text as string, separator as string, count as number | undefined),
    to_string: ([value]) => typeof value === 'string' ? value : written(value, charge)
  }
}

function objects (): Record<string, Run> {
  return {
    merge: objects => objectOf((objects as object[]).flatMap(object => Object.entries(object))),
    from_items: ([pairs]) => {
      if (!(pairs as unknown[][]).every(pair => pair.length === 2 && typeof pair[0] === 'string')) throw new TypeError('from_items() takes pairs of a text and a value')
      return objectOf(pairs as [string, unknown][])
    },
    group_by: ([list, expression], call) => {
      const groups = new Map<string, unknown[]>()
      for (const item of list as unknown[]) {
        const key = call(expression, item)
        if (typeof key !== 'string') throw new TypeError('group_by() groups by texts alone')
        const group = groups.get(key)
        if (group === undefined) groups.set(key, [item])
        else group.push(item)
      }
      return objectOf([...groups])
    }
  }
}

/** Without prototype, and without the one name that could become one. */
function objectOf (entries: readonly (readonly [string, unknown])[]): object {
  const object = Object.create(null) as Record<string, unknown>
  for (const [name, value] of entries) if (name !== '__proto__') object[name] = value
  return object
}

/** Texts by their code points, or numbers by their size; two of different types have no order. */
function sorted (list: readonly unknown[], keyOf: (item: unknown) => unknown, charge: Charge): unknown[] {
  const keyed = list.map(item => ({ item, key: keyOf(item) }))
  const type = typeof keyed[0]?.key
  if (keyed.length > 0 && type !== 'string' && type !== 'number') throw new TypeError('only texts and numbers have an order')
  if (keyed.some(({ key }) => typeof key !== type)) throw new TypeError('texts and numbers have no order among each other')
  const order = type === 'number' ? (one: unknown, other: unknown) => (one as number) - (other as number) : (one: unknown, other: unknown) => byCodePoint(one as string, other as string, charge)
  return keyed.sort((one, other) => {
    charge(1 / 4)
    return order(one.key, other.key)
  }).map(({ item }) => item)
}

function byCodePoint (one: string, other: string, charge: Charge): number {
  const shorter = Math.min(one.length, other.length)
  let at = 0
  while (at < shorter && one.charCodeAt(at) === other.charCodeAt(at)) at++
  charge(at / 16)
  return at === shorter ? one.length - other.length : rank(one.charCodeAt(at)) - rank(other.charCodeAt(at))
}

/** Halves of a pair stand for what is above U+FFFF. */
function rank (unit: number): number {
  return unit >= 0xD800 && unit <= 0xDFFF ? unit + 0x10000 : unit
}

/** Ends by a scan: an expression that looks for spaces at the end takes quadratic time. */
function trimmed (text: string, signs: string | undefined, left: boolean, right: boolean): string {
  const isGone = signs === undefined || signs === '' ? (sign: string) => /[\s\u0085]/.test(sign) : (sign: string) => signs.includes(sign)
  let [start, end] = [0, text.length]
  while (left && start < end && isGone(text.charAt(start))) start++
  while (right && end > start && isGone(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

function padding (text: string, width: number, sign = ' '): string {
  if ([...sign].length !== 1) throw new TypeError('what is padded with is one sign')
  if (!isCount(width)) throw new TypeError('a width is a whole number, 0 or more')
  const missing = Math.max(0, width - [...text].length)
  checkLength(text.length + missing * sign.length)
  return sign.repeat(missing)
}

/** Split at the first so many places, or at all. */
function pieces (text: string, separator: string, count: number | null | undefined): string[] {
  if (count !== undefined && count !== null && !isCount(count)) throw new TypeError('a count is a whole number, 0 or more')
  const all = separator === '' ? [...text] : text.split(separator)
  return count === undefined || count === null || count >= all.length ? all : [...all.slice(0, count), all.slice(count).join(separator)]
}

function joined (list: readonly string[], glue: string, charge: Charge): string {
  charge(list.length / 4)
  checkLength(list.reduce((sum, { length }) => sum + length, 0) + glue.length * Math.max(0, list.length - 1))
  return list.join(glue)
}

/** As JSON, and counted before it is made: one list may stand in another many times. */
function written (value: unknown, charge: Charge): string {
  let length = 0
  const count = (part: unknown): void => {
    charge(1)
    length += typeof part === 'string' ? part.length : 4
    charge(typeof part === 'string' ? part.length / 64 : 0)
    checkLength(length)
    if (Array.isArray(part)) part.forEach(count)
    else if (typeof part === 'object' && part !== null) Object.entries(part).flat().forEach(count)
  }
  count(value)
  return JSON.stringify(value)
}

function isCount (value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function checkLength (length: number): void {
  if (length > LONGEST_TEXT) throw new RangeError('it makes a text of more than 1 MiB')
}

/** Deep equality of JSON. */
export function equal (one: unknown, other: unknown, charge: Charge): boolean {
  charge(1)
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) || Array.isArray(other)) return Array.isArray(one) && Array.isArray(other) && one.length === other.length && one.every((item, index) => equal(item, other[index], charge))
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every(name => Object.hasOwn(other, name) && equal((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name], charge))
}
