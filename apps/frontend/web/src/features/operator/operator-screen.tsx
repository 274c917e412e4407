import { ServerCog } from 'lucide-react'
import { useState } from 'react'
import { useUser } from '@/app/scope'
import { EmptyState, Screen, Segmented } from '@/ui'
import { Letters } from './letters'
import { Overview } from './overview'

type Part = 'overview' | 'letters'

/** For who runs the system. The server asks for the scope, too. */
export function OperatorScreen() {
  const { scope, email } = useUser()
  const [part, setPart] = useState<Part>('overview')
  if (!scope.includes('operator')) {
    return (
      <Screen title="Operator">
        <EmptyState icon={<ServerCog />} title="This screen is for whoever runs the server">
          <p>Your account doesn’t have the scope <code className="font-mono">operator</code>. Whoever runs the server can give it:</p>
          <pre className="mt-3 rounded-md bg-sunken p-3 text-left text-xs whitespace-pre-wrap [overflow-wrap:anywhere]">tasktide users grant {email || 'YOU'} operator</pre>
          <p className="mt-3">Then sign out and in again.</p>
        </EmptyState>
      </Screen>
    )
  }
  return (
    <Screen
      title="Operator" wide
      subtitle="How the system is, what waits in it, and what it gave up on."
      actions={<Segmented<Part> label="What to look at" value={part} onChange={setPart} options={[{ value: 'overview', label: 'Overview' }, { value: 'letters', label: 'Dead letters' }]} />}
    >
      {part === 'overview' ? <Overview onLetters={() => setPart('letters')} /> : <Letters />}
    </Screen>
  )
}
