import { useState } from 'react'
import { useScope } from '@/app/scope'
import { ErrorNote, Screen, Skeleton } from '@/ui'
import { useTasks } from './use-tasks'

export function TasksScreen({ title }: { title: string }) {
  const { tasks, live } = useScope()
  const { loaded, error, rows } = useTasks()
  const [text, setText] = useState('')
  return (
    <Screen title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          tasks.create({ title: text, priority: 'medium', category: 'other' })
          setText('')
        }}
      >
        <input aria-label="Add a task" value={text} onChange={(e) => setText(e.target.value)} />
      </form>
      {!loaded && (error ? <ErrorNote error={error} retry={live.hurry} /> : <Skeleton />)}
      <ul>{rows.map((row) => <li key={row.key} className="user-text">{row.task.title} {row.state}</li>)}</ul>
    </Screen>
  )
}
