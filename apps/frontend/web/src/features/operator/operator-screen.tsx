import { EmptyState, Screen } from '@/ui'

export function OperatorScreen() {
  return (
    <Screen title="Operator">
      <EmptyState title="Placeholder" />
    </Screen>
  )
}
