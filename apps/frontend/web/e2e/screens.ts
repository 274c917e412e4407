import type { Person } from './person'

/** Every screen of somebody who is no operator. TASK is the id of one. */
export const SCREENS = [
  { name: 'today', path: '/today' },
  { name: 'upcoming', path: '/upcoming' },
  { name: 'tasks', path: '/tasks' },
  { name: 'completed', path: '/completed' },
  { name: 'notifications', path: '/notifications' },
  { name: 'activity', path: '/activity' },
  { name: 'settings', path: '/settings' },
  { name: 'history', path: '/tasks/TASK/history' },
] as const

const hours = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString()

/** A list as somebody has it who uses it. Returns the id of a task with a life behind it. */
export async function fill(person: Person): Promise<string> {
  const rent = await person.add({ title: 'Pay the rent', priority: 'high', dueDate: hours(-30), recurringRule: 'monthly', timeZone: 'Europe/Berlin', description: 'By standing order from January on.' })
  await person.change(rent.id, { description: 'From the joint account.', tags: ['money'] })
  await person.add({ title: 'Call the dentist', category: 'personal', dueDate: hours(2), reminderAt: hours(-1) })
  await person.add({ title: 'Water the plants on the balcony, the ones behind the shed too', dueDate: hours(1), recurringRule: 'FREQ=DAILY;INTERVAL=3', timeZone: 'Europe/Berlin' })
  await person.add({ title: 'Prepare the talk about event streams', category: 'work', priority: 'high', dueDate: hours(50), reminderAt: hours(48), tags: ['talk', 'autumn'] })
  await person.add({ title: 'Book the train to Vienna', category: 'personal', dueDate: hours(80) })
  await person.add({ title: 'Read the chapter on consensus', priority: 'low', category: 'other', tags: ['reading'] })
  await person.add({ title: 'Buy oat milk', priority: 'low' })
  for (const title of ['Renew the passport', 'Send the invoice for October', 'Oil the bicycle']) {
    const { id } = await person.add({ title, category: 'personal' })
    await person.call('PATCH', `tasks/${id}/complete`)
  }
  return rent.id
}
