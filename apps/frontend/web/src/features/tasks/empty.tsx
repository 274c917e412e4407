import { CalendarDays, CircleCheckBig, SearchX, Sunrise, Waves } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, EmptyState, Kbd } from '@/ui'
import type { ViewName } from './list-model'

type Props = { view: ViewName; filtered: boolean; fresh: boolean; doneToday: number; clear(): void; add(text: string): void }

/** What a list says when it has no rows: what belongs there, and how to get it there. */
export function Empty({ view, filtered, fresh, doneToday, clear, add }: Props) {
  if (filtered) return <EmptyState icon={<SearchX />} title="Nothing matches" action={<Button onClick={clear}>Show everything</Button>}>No task has everything you are looking for. Search covers titles, notes and tags, also of completed tasks.</EmptyState>
  if (fresh && view !== 'completed') return <Fresh add={add} />
  switch (view) {
    case 'today':
      return doneToday > 0 ? (
        <EmptyState icon={<Sunrise />} title="That was today">{doneToday === 1 ? 'One thing done' : `${doneToday} things done`}, and nothing more is due. What comes next is in Upcoming.</EmptyState>
      ) : (
        <EmptyState icon={<Sunrise />} title="Nothing is due today">What is due today, or was due before, appears here. Type <Example>call Ann at 5pm</Example> above to plan something.</EmptyState>
      )
    case 'upcoming':
      return <EmptyState icon={<CalendarDays />} title="Nothing ahead">Give a task a day, and it appears here: <Example>dentist on 12 March 9:30</Example> or <Example>water plants every 3 days</Example>.</EmptyState>
    case 'completed':
      return <EmptyState icon={<CircleCheckBig />} title="Nothing completed yet">Press the circle of a task<span className="touch:hidden">, or <Kbd keys="x" />,</span> when it is done. It is kept here with its whole history.</EmptyState>
    case 'all':
      return <EmptyState icon={<Waves />} title="Everything is done">No task is open. Add the next one<span className="touch:hidden"> above, or press <Kbd keys="n" /></span>.</EmptyState>
  }
}

const FIRST = ['Buy milk tomorrow #home', 'Pay rent every month on the 1st at 9 !high', 'Call the dentist on Monday at 10 remind me 30 minutes before']

/** The first visit: one press shows what a line can say. */
function Fresh({ add }: { add(text: string): void }) {
  return (
    <EmptyState icon={<Waves />} title="Write down the first thing">
      <p>One line is enough. Days, times, “every Friday”, <code>!high</code> and <code>#home</code> are understood as you type.</p>
      <ul className="mt-4 flex flex-col gap-2">
        {FIRST.map((text) => (
          <li key={text}>
            <button type="button" onClick={() => add(text)} className="w-full rounded-md border border-dashed border-line-strong px-3 py-2 text-left text-sm text-ink transition-colors hover:border-accent hover:bg-accent-soft">
              {text}
            </button>
          </li>
        ))}
      </ul>
    </EmptyState>
  )
}

function Example({ children }: { children: ReactNode }) {
  return <span className="rounded-sm bg-sunken px-1.5 py-0.5 whitespace-nowrap text-ink">{children}</span>
}
