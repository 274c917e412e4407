/** The name, with a wave below it. */
export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2 text-base font-semibold tracking-tight">
      <svg viewBox="0 0 24 24" className="size-6" aria-hidden="true">
        <rect width="24" height="24" rx="5.5" className="fill-[#0e5a6b]" />
        <path d="M0 15.5c3-2 6-2 9 0s6 2 9 0c2-1.4 4-1.8 6-1.4v4.4a5.5 5.5 0 0 1-5.5 5.5h-13A5.5 5.5 0 0 1 0 18.5z" className="fill-[#2f9fb0]" />
        <path d="m7 10 3.5 3.6L17 7" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      Tasktide
    </span>
  )
}
