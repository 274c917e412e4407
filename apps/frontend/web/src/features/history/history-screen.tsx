import { getRouteApi } from '@tanstack/react-router'
import { EmptyState, Screen } from '@/ui'

const route = getRouteApi('/app/tasks/$taskId/history')

export function HistoryScreen() {
  const { taskId } = route.useParams()
  return (
    <Screen title="History">
      <EmptyState title="Placeholder">{taskId}</EmptyState>
    </Screen>
  )
}
