import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { TasksScreen } from '@/features/tasks/tasks-screen'
import { AppRoute } from './app-route'
import { CrashScreen, NotFound } from './fallbacks'
import { listSearch, returnTo } from './search'

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('@/features/auth/sign-in-screen'), 'SignInScreen'),
  validateSearch: (raw: Record<string, unknown>): { to?: string } => {
    const to = returnTo(raw['to'])
    return to ? { to } : {}
  },
})

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  component: lazyRouteComponent(() => import('@/features/auth/sign-up-screen'), 'SignUpScreen'),
  validateSearch: (raw: Record<string, unknown>): { code?: string; to?: string } => {
    const to = returnTo(raw['to'])
    return { ...(raw['code'] === undefined ? {} : { code: String(raw['code']) }), ...(to ? { to } : {}) }
  },
})

const app = createRoute({ getParentRoute: () => root, id: 'app', component: AppRoute })

const start = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/today', replace: true })
  },
})

const today = createRoute({ getParentRoute: () => app, path: '/today', validateSearch: listSearch, component: () => <TasksScreen key="today" view="today" /> })
const upcoming = createRoute({ getParentRoute: () => app, path: '/upcoming', validateSearch: listSearch, component: () => <TasksScreen key="upcoming" view="upcoming" /> })
const tasks = createRoute({ getParentRoute: () => app, path: '/tasks', validateSearch: listSearch, component: () => <TasksScreen key="all" view="all" /> })
const completed = createRoute({ getParentRoute: () => app, path: '/completed', validateSearch: listSearch, component: () => <TasksScreen key="completed" view="completed" /> })

const history = createRoute({
  getParentRoute: () => app,
  path: '/tasks/$taskId/history',
  component: lazyRouteComponent(() => import('@/features/history/history-screen'), 'HistoryScreen'),
})
const notifications = createRoute({
  getParentRoute: () => app,
  path: '/notifications',
  component: lazyRouteComponent(() => import('@/features/notifications/notifications-screen'), 'NotificationsScreen'),
})
const activity = createRoute({
  getParentRoute: () => app,
  path: '/activity',
  component: lazyRouteComponent(() => import('@/features/activity/activity-screen'), 'ActivityScreen'),
})
const operator = createRoute({
  getParentRoute: () => app,
  path: '/operator',
  component: lazyRouteComponent(() => import('@/features/operator/operator-screen'), 'OperatorScreen'),
})
const settings = createRoute({
  getParentRoute: () => app,
  path: '/settings',
  component: lazyRouteComponent(() => import('@/features/settings/settings-screen'), 'SettingsScreen'),
})

export const router = createRouter({
  routeTree: root.addChildren([signIn, signUp, app.addChildren([start, today, upcoming, tasks, completed, history, notifications, activity, operator, settings])]),
  defaultPreload: 'intent',
  defaultErrorComponent: CrashScreen,
  defaultNotFoundComponent: NotFound,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
