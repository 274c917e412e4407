import { curve } from './curve'
import { KEPT } from './series'

const WIDTH = 240
const HEIGHT = 40
const FEW = 24

/** A small chart. `label` says what it shows to those who can't see it; the number stands beside it. */
export function Spark({ label, values, unit = '', tone = 'accent' }: { label: string; values: readonly (number | null)[]; unit?: string; tone?: 'accent' | 'warn' }) {
  // At first a few readings fill a fifth of the width; it becomes ten minutes with time.
  const slots = Math.min(KEPT, Math.max(FEW, values.length))
  const { line, area, top } = curve(values, slots, WIDTH, HEIGHT)
  const known = values.filter((v): v is number => v !== null)
  const last = known.at(-1)
  const said = last === undefined ? `${label}: nothing yet` : `${label}: now ${short(last)}${unit}, at most ${short(top)}${unit} in the last ${Math.max(1, Math.round((values.length * 5) / 60))} minutes`
  return (
    <svg role="img" aria-label={said} viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" className={tone === 'warn' ? 'h-11 w-full text-warn' : 'h-11 w-full text-accent'}>
      <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} className="stroke-line" vectorEffect="non-scaling-stroke" />
      <path d={area} fill="currentColor" opacity="0.14" />
      <path d={line} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" vectorEffect="non-scaling-stroke" />
    </svg>
  )
}

function short(n: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(n)
}
