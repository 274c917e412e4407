import { EmptyState, Screen } from '@/ui'

export function ActivityScreen() {
  return (
    <Screen title="Activity">
      <EmptyState title="Placeholder" />
    </Screen>
  )
}
