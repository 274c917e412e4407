/** How far today is, as water that rises: the screen's only ornament, and it means something. */
export function Tide({ open, done }: { open: number; done: number }) {
  const all = open + done
  if (done === 0 || all === 0) return null
  const percent = Math.round((done / all) * 100)
  return (
    <div className="flex items-center gap-2.5" title={`${done} of ${all} done`}>
      <svg viewBox="0 0 120 8" preserveAspectRatio="none" aria-hidden="true" className="h-2 w-24 overflow-hidden rounded-full bg-sunken">
        <path
          className="fill-accent transition-transform duration-500 ease-tide"
          style={{ transform: `translateX(${percent - 100}%)` }}
          d="M0 0h114c3 1.3 5 2.7 5 4s-2 2.7-5 4H0z"
        />
      </svg>
      <span className="num text-xs text-ink-2">{done} of {all} done</span>
    </div>
  )
}
