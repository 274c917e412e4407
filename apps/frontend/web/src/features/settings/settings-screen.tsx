import { EmptyState, Screen } from '@/ui'

export function SettingsScreen() {
  return (
    <Screen title="Settings">
      <EmptyState title="Placeholder" />
    </Screen>
  )
}
