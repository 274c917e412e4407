import { EmptyState, Screen } from '@/ui'

export function NotificationsScreen() {
  return (
    <Screen title="Notifications">
      <EmptyState title="Placeholder" />
    </Screen>
  )
}
