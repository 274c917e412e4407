import { Link, type ErrorComponentProps } from '@tanstack/react-router'
import { Compass } from 'lucide-react'
import { Wordmark } from '@/app/wordmark'
import { Button, EmptyState } from '@/ui'

export function NotFound() {
  return (
    <main className="mx-auto flex min-h-[80dvh] max-w-md flex-col items-center justify-center">
      <Wordmark />
      <EmptyState alone icon={<Compass />} title="There is no such page" action={<Link to="/today" className="font-medium text-accent underline underline-offset-2">Go to Today</Link>}>
        The address may be mistyped, or what it showed is gone.
      </EmptyState>
    </main>
  )
}

/** A part of the page broke, or one that loads later could not be loaded. */
export function CrashScreen({ error }: ErrorComponentProps) {
  const message = error instanceof Error ? error.message : String(error)
  const missing = /dynamically imported module|Importing a module|Failed to fetch/i.test(message)
  return (
    <div role="alert">
      <EmptyState alone title={missing ? 'This part could not be loaded' : 'This part of the page broke'} action={<Button look="primary" onClick={() => location.reload()}>Reload</Button>}>
        {missing ? 'There is no connection, or a new version was installed. Reload to get it.' : 'Nothing that you saved is lost. Reload to go on.'}
        {!missing && <pre className="mt-4 max-h-40 overflow-auto rounded-md bg-sunken p-3 text-left text-xs whitespace-pre-wrap">{message}</pre>}
      </EmptyState>
    </div>
  )
}
