import { Screen } from '@/ui'
import { Appearance, TimeZone } from './preferences'
import { Account } from './account'
import { Data } from './data'
import { Notifications } from './notifications'
import { Password } from './password'
import { Sessions } from './sessions'

/** What a person can choose, and all that is kept of them. */
export function SettingsScreen() {
  return (
    <Screen title="Settings">
      <Appearance />
      <TimeZone />
      <Notifications />
      <Account />
      <Password />
      <Sessions />
      <Data />
    </Screen>
  )
}
