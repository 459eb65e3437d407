// Figures as Markdown, for the terminal and for the pages (scripts/bench-table.mjs).

export function markdown (head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_cell, index) => index === 0 ? '---' : '--:')), ...rows.map(line)].join('\n')
}

/** A case: a row for each of those compared. */
export function caseTable ({ columns, rows }) {
  return markdown(['', ...columns.map(([, heading]) => heading)], rows.map(({ title, values }) => [title, ...columns.map(([key, , digits = 0]) => shown(values[key], digits))]))
}

/** What targets go by, and whatever else was found on the way. */
export function ratioTable ({ figures }) {
  return markdown(['', 'Node', 'median', 'of the rounds'], figures.map(({ id, node = '', value, least = value, most = value }) => [`\`${id}\``, node, significant(value), `${significant(least)}–${significant(most)}`]))
}

export function targetTable (targets) {
  return markdown(['', 'Node', 'must', 'try for', 'measured', 'met'], targets.map(target => {
    const limit = value => `${target.least ? '≥' : '≤'} ${value}${unitOf(target)}`
    return [target.what, target.node, limit(target.must), limit(target.try), target.measured === undefined ? 'not measured' : `${significant(target.measured)}${unitOf(target)}`, verdict(target)]
  }))
}

/** The main case for who has no time, on the newest Node: everybody's processor time, and how much of it the gate's is. */
export function overview (result) {
  const node = Math.max(...result.rows.map(({ node = 0 }) => node))
  const rows = result.rows.filter(row => row.node === undefined || row.node === node).toSorted((one, other) => one.values.cpu.value - other.values.cpu.value)
  const share = peer => result.figures.find(({ id, node: on }) => id === `cpu/${peer}` && on === node)?.value
  return `${conditions(result)}\n\n${markdown(['', 'CPU µs/request', 'requests/s on one core', 'oauth-gate takes'], rows.map(({ peer, title, values }) => {
    const times = share(peer)
    const name = peer === 'gate' ? `**${title}**` : title
    return [name, number(values.cpu.value), number(values.rate.value), times === undefined ? '' : `${significant(times)} times as much`]
  }))}`
}

/** When and on what a case was measured, in a line. */
export function conditions ({ what, date, machine, versions, settings: { rounds, burst, warm, quick }, how = `${rounds} rounds of ${burst} s after ${number(warm)} requests` }) {
  const { cpu, cores, kernel } = machine
  return `${what[0].toUpperCase()}${what.slice(1)}. ${date.slice(0, 10)}, oauth-gate ${versions['oauth-gate']}, Node ${versions.node}, ${cpu}, ${cores} cores, Linux ${kernel}; ${how}.${quick ? ' **A try, too short for figures.**' : ''}`
}

export function remarks ({ notes = [], skipped = [] }) {
  return [...notes.map(note => `${note[0].toUpperCase()}${note.slice(1)}.`.replace('..', '.')), ...skipped.map(({ title, why }) => `Skipped: ${title}: ${why}.`)]
}

export function versionTable ({ cases }) {
  const last = Object.values(cases).toSorted((one, other) => one.date < other.date ? -1 : 1).at(-1)
  return last === undefined ? 'Not measured yet.' : markdown(['', 'version'], Object.entries(last.versions).map(([name, version]) => [name, version ?? 'not there']))
}

export function printCase (result) {
  console.log(`\n${[caseTable(result), ...remarks(result), ...result.figures.length > 0 ? [ratioTable(result)] : []].join('\n\n')}`)
}

export function printTargets (targets) {
  if (targets.length > 0) console.log(`\n${targetTable(targets)}`)
}

export function number (value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function shown (figure, digits) {
  if (figure === undefined) return '–'
  const { value, least, most } = figure
  return least === undefined || least === most ? number(value, digits) : `${number(value, digits)} (${number(least, digits)}–${number(most, digits)})`
}

function significant (value) {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

function unitOf ({ unit, least }) {
  if (unit !== undefined) return ` ${unit}`
  return least ? ' times' : ''
}

function verdict ({ measured, isVoid, met, tried }) {
  if (measured === undefined) return '–'
  if (isVoid) return 'void'
  if (tried) return 'yes, both'
  return met ? 'yes' : 'no'
}
