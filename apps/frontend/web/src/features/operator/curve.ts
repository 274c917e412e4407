/** The line of a small chart, in a box of `width` by `height`, as a path of SVG. Gaps in the values are gaps in the line. */
export function curve(values: readonly (number | null)[], slots: number, width: number, height: number): { line: string; area: string; top: number } {
  const known = values.filter((v): v is number => v !== null)
  const top = Math.max(1e-9, ...known)
  const step = width / Math.max(1, slots - 1)
  const first = slots - values.length
  const runs: [number, number][][] = [[]]
  values.forEach((value, index) => {
    if (value === null) runs.push([])
    else runs.at(-1)?.push([round((first + index) * step), round(height - (value / top) * height)])
  })
  const drawn = runs.filter((run) => run.length > 0)
  const line = drawn.map((run) => `M${run.map(([x, y]) => `${x} ${y}`).join('L')}${run.length === 1 ? 'h0.01' : ''}`).join('')
  const area = drawn.map((run) => `M${run[0]?.[0]} ${height}L${run.map(([x, y]) => `${x} ${y}`).join('L')}L${run.at(-1)?.[0]} ${height}Z`).join('')
  return { line, area, top: known.length === 0 ? 0 : Math.max(...known) }
}

function round(n: number): number {
  return Math.round(n * 100) / 100
}
