/** What counters said at a moment. */
export type Sample = { at: number; counts: Readonly<Record<string, number>> }

/** Ten minutes at one reading in five seconds. */
export const KEPT = 120

export function withSample(samples: readonly Sample[], next: Sample): Sample[] {
  return [...samples, next].slice(-KEPT)
}

/**
 * How much a counter rose in a second, between each two readings. null: it can't be told, since the counter
 * began anew (it is smaller than before), was not there, or no time had passed.
 */
export function rates(samples: readonly Sample[], name: string): (number | null)[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index] as Sample
    const [from, to] = [before.counts[name], sample.counts[name]]
    const seconds = (sample.at - before.at) / 1000
    return from === undefined || to === undefined || to < from || seconds <= 0 ? null : (to - from) / seconds
  })
}

/** What a gauge said at each reading. */
export function values(samples: readonly Sample[], name: string): (number | null)[] {
  return samples.map((sample) => sample.counts[name] ?? null)
}

/** "0", "0.3", "12", "1,240": as exact as anyone needs. */
export function rateText(rate: number | null | undefined): string {
  if (rate === null || rate === undefined) return '–'
  const digits = rate === 0 || rate >= 10 ? 0 : rate < 0.1 ? 2 : 1
  return new Intl.NumberFormat('en', { maximumFractionDigits: digits }).format(rate)
}

export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}
