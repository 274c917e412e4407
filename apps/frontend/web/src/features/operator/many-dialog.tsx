import { useQuery } from '@tanstack/react-query'
import { errorText } from '@/api'
import { Confirm, ErrorNote, Note, Skeleton, toast } from '@/ui'
import { act, useAct, type Act, type Filter } from './use-operator'

/** Asks before all letters that match are redriven or discarded, with how many those are now. */
export function ManyDialog({ what, filter, onClose }: { what: Act; filter: Filter; onClose(): void }) {
  const counted = useQuery({ queryKey: ['operator', 'count', what, filter], queryFn: () => act(what, filter, true), staleTime: 0, gcTime: 0 })
  const doing = useAct((_what, count) => {
    onClose()
    toast({ text: what === 'redrive' ? `${letters(count)} handed over again.` : `${letters(count)} discarded.` })
  })
  const count = counted.data?.count
  const redrive = what === 'redrive'
  return (
    <Confirm
      open onOpenChange={(open) => !open && onClose()}
      title={count === undefined ? 'Counting…' : `${redrive ? 'Redrive' : 'Discard'} ${letters(count)}?`}
      description={redrive ? 'Each is handed to its group again. What succeeds goes; what fails comes back with one more try.' : 'They are removed for good, and what their events should have done never happens.'}
      action={redrive ? 'Redrive' : 'Discard'} look={redrive ? 'primary' : 'danger'}
      busy={doing.isPending} disabled={!count}
      onConfirm={() => doing.mutate({ what, which: filter })}
    >
      {counted.isPending && <Skeleton lines={1} />}
      {counted.error && <ErrorNote error={counted.error} retry={() => void counted.refetch()} />}
      {doing.error && <Note tone="danger">{errorText(doing.error)}</Note>}
    </Confirm>
  )
}

function letters(count: number): string {
  return count === 1 ? '1 letter' : `${count.toLocaleString('en')} letters`
}
