// Figures as Markdown, for the terminal and for docs/performance.md.

export function markdown (head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_cell, index) => index === 0 ? '---' : '--:')), ...rows.map(line)].join('\n')
}

/** A case: a row for each of those compared. */
export function caseTable ({ columns, rows }) {
  return markdown(['', ...columns.map(([, heading]) => heading)], rows.map(({ title, values }) => [title, ...columns.map(([key, , digits = 0]) => shown(values[key], digits))]))
}

function shown (figure, digits) {
  if (figure === undefined) return '–'
  const { value, least, most } = figure
  return least === undefined || least === most ? number(value, digits) : `${number(value, digits)} (${number(least, digits)}–${number(most, digits)})`
}

export function number (value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function targetTable (targets) {
  return markdown(['', 'Node', 'must', 'try for', 'measured', 'met'], targets.map(target => {
    const limit = value => `${target.least ? '≥' : '≤'} ${value}${unit(target)}`
    return [target.what, target.node, limit(target.must), limit(target.try), target.measured === undefined ? 'not measured' : `${Number(target.measured.toPrecision(3))}${unit(target)}`, verdict(target)]
  }))
}

function unit ({ unit, least }) {
  return unit === undefined ? least ? ' times' : '' : ` ${unit}`
}

function verdict ({ measured, isVoid, met, tried }) {
  if (measured === undefined) return '–'
  if (isVoid) return 'void'
  return tried ? 'yes, both' : met ? 'yes' : 'no'
}

export function printCase (result) {
  console.log(`\n${caseTable(result)}`)
  for (const note of [...result.notes ?? [], ...(result.skipped ?? []).map(({ title, why }) => `skipped: ${title}: ${why}`)]) console.log(note)
  if (result.figures.length > 0) console.log(`\n${markdown(['', 'Node', 'median (spread)'], result.figures.map(({ id, node = '', ...figure }) => [id, node, shown(figure, 2)]))}`)
}

export function printTargets (targets) {
  if (targets.length > 0) console.log(`\n${targetTable(targets)}`)
}
