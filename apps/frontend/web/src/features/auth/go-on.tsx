import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

/** Goes to where the person wanted to be; `to` has its own search, which Navigate would not read. */
export function GoOn({ to }: { to: string | undefined }) {
  const { history } = useRouter()
  useEffect(() => history.replace(to ?? '/today'), [history, to])
  return null
}
