// What a request costs by how much there is of something, drawn: four panels with one scale of cost, so that they can be compared.
const [WIDTH, HEIGHT] = [920, 664]
const PANEL = { width: 390, height: 190, left: 64, top: 134, across: 460, down: 276 }
const TICKS = 5
/** Blue and orange: they differ in lightness too, for those who see no colours. */
const STYLE = `
  .ground { fill: #ffffff } text { fill: #24292f; font: 13px system-ui, sans-serif } .title { font-size: 18px; font-weight: 600 } .panel { font-weight: 600 }
  .axis { stroke: #8c959f } .grid { stroke: #d8dee4 } .quiet { fill: #57606a; font-size: 12px } .value { font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
  .s0 { stroke: #0550ae; fill: #0550ae } .s1 { stroke: #bc6c00; fill: #bc6c00 } .line { fill: none; stroke-width: 2 } .spread { stroke-width: 1.25; opacity: .55 } text.s0, text.s1 { stroke: none }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .value { stroke: #0d1117 } .axis { stroke: #7d8590 } .grid { stroke: #30363d } .quiet { fill: #9198a1 }
    .s0 { stroke: #79c0ff; fill: #79c0ff } .s1 { stroke: #ffb454; fill: #ffb454 } .line { fill: none }
  }`

/** @param growth the case, as the results have it */
export function panelsOf ({ rows, settings: { rounds, burst, nodes: [node] }, versions, isVoid }) {
  const panels = by('heading', rows).map(([title, points]) => ({ title, unit: points[0].unit, series: by('series', points).map(([name, points]) => ({ name: name && `the ${name} one fits`, points: points.map(({ at, values }) => ({ at, cpu: values.cpu })) })) }))
  const of = versions['oauth-gate'] === undefined ? '' : ` of oauth-gate ${versions['oauth-gate']}`
  return { panels, about: [`1 KiB, 64 connections, Node ${node}${of}.${isVoid ? ' Void: the machine was not steady.' : ''}`, `Points: the median of the lower half of ${rounds} bursts of ${burst} s. Bars: from the least to the most.`] }
}

/** What has the same of something, in the order in which it comes. */
function by (key, things) {
  return [...new Set(things.map(thing => thing[key]))].map(value => [value, things.filter(thing => thing[key] === value)])
}

/** @param panels each `{ title, unit, series: [{ name, points: [{ at, cpu: { value, least, most } }] }] }`, microseconds @param about lines below the title */
export function plotOf ({ panels, about }) {
  const most = Math.max(...panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ cpu }) => cpu.most))))
  const { step, top } = scaleOf(most)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title about">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text id="title" class="title" x="24" y="38">What a signed-in request costs as things grow</text>`,
    `<g id="about">${about.map((line, index) => `<text class="quiet" x="24" y="${60 + index * 18}">${escaped(line)}</text>`).join('')}</g>`,
    ...panels.map((panel, index) => panelOf(panel, PANEL.left + index % 2 * PANEL.across, PANEL.top + Math.floor(index / 2) * PANEL.down, { step, top })),
    '</svg>', ''
  ].join('\n')
}

function panelOf ({ title, unit, series }, left, above, { step, top }) {
  const labels = [...new Map(series.flatMap(({ points }) => points.map(({ at, label = at.toLocaleString('en') }) => [at, label])))].sort(([one], [other]) => one - other)
  const x = at => round(left + (labels.findIndex(([wanted]) => wanted === at) + 0.5) * PANEL.width / labels.length)
  const y = cost => round(above + PANEL.height * (1 - cost / top))
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_none, index) => index * step)
  const bottom = above + PANEL.height
  return `<g>
<text class="panel" x="${left - 40}" y="${above - 18}">${escaped(title)}</text>
<text class="quiet" x="${left + PANEL.width}" y="${above - 18}" text-anchor="end">CPU µs a request</text>
${ticks.map(tick => `<path class="${tick === 0 ? 'axis' : 'grid'}" d="M${left} ${y(tick)}h${PANEL.width}"/><text class="quiet" x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`).join('\n')}
${labels.map(([at, label]) => `<path class="axis" d="M${x(at)} ${bottom}v4"/><text class="quiet" x="${x(at)}" y="${bottom + 19}" text-anchor="middle">${escaped(label)}</text>`).join('\n')}
<text class="quiet" x="${left + PANEL.width / 2}" y="${bottom + 38}" text-anchor="middle">${escaped(unit)}</text>
${series.map((one, index) => seriesOf(one, index, series.length, { x, y, left, above })).join('\n')}
</g>`
}

function seriesOf ({ name, points }, index, count, { x, y, left, above }) {
  const sorted = points.toSorted((one, other) => one.at - other.at)
  // The second one's figures stand below its points, where the first one's are not.
  const shift = index === 0 ? -10 : 18
  const key = name === undefined ? '' : `<text class="s${index} quiet" x="${left + 10 + index * 150}" y="${above + 16}">${index === 0 ? '●' : '■'} ${escaped(name)}</text>`
  return [
    `<path class="line s${index}" d="M${sorted.map(({ at, cpu }) => `${x(at)} ${y(cpu.value)}`).join('L')}"/>`,
    ...sorted.map(({ at, cpu }) => `<path class="spread s${index}" d="M${x(at)} ${y(cpu.most)}V${y(cpu.least)}"/>${markOf(index, x(at), y(cpu.value))}<text class="value" x="${x(at) + (count > 1 ? 0 : 8)}" y="${y(cpu.value) + shift}" text-anchor="${count > 1 ? 'middle' : 'start'}">${cpu.value.toFixed(0)}</text>`),
    key
  ].join('\n')
}

function markOf (index, x, y) {
  return index === 0 ? `<circle class="s0" cx="${x}" cy="${y}" r="3.5"/>` : `<rect class="s${index}" x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`
}

/** Round steps up to what is above everything. */
function scaleOf (most) {
  const rough = most / TICKS
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * unit).find(step => step >= rough)
  return { step, top: Math.ceil(most / step) * step }
}

const round = number => Math.round(number * 10) / 10

function escaped (text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
