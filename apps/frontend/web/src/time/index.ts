export { now, useClockOffset } from './clock'
export { agoText, dayText, format, momentText, timeText, waitText } from './format'
export { useNow, useToday } from './today'
export { addDays, browserZone, dayOf, daysBetween, instantOf, isZone, localOf, offsetAt, partsOf, startOfDay, weekdayOf, type Day, type Local } from './zone'
