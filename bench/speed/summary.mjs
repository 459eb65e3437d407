// One figure for several measurements, and how far they were apart.

export function median (numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Of what can only be made larger by a disturbance: the median of the lower half. */
export function ofTheLower (numbers) {
  return spread(numbers, median(numbers.toSorted((one, other) => one - other).slice(0, Math.ceil(numbers.length / 2))))
}

/** Of what can only be made smaller by one. */
export function ofTheHigher (numbers) {
  return spread(numbers, median(numbers.toSorted((one, other) => other - one).slice(0, Math.ceil(numbers.length / 2))))
}

export function ofAll (numbers) {
  return spread(numbers, median(numbers))
}

function spread (numbers, value) {
  return { value, least: Math.min(...numbers), most: Math.max(...numbers) }
}
