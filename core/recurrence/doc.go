// Package recurrence says when a recurring task is due next: it reads rules (the
// words daily, weekly, monthly, yearly, and RRULEs of RFC 5545 with SKIP of RFC
// 7529) and finds occurrences in a time zone.
//
// It guarantees that
//
//   - occurrences are computed on the local wall clock, from the series' start, so
//     that neither daylight saving time nor short months make them drift;
//   - a local time that a change of the clocks skips becomes the first instant
//     after the gap, one that occurs twice becomes the first of the two;
//   - every answer takes bounded time and memory, whatever the rule (see maxSteps),
//     and lies in the years 1 to 9999;
//   - what it can't do is refused by Parse, by name, and never ignored.
//
// It is pure: it reads no clock and no file, and a Rule never changes, so both may be
// used concurrently.
package recurrence
