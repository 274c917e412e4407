// Package upgrade migrates stored databases of every schema that there ever was to the
// newest one, and compares what was in them with what is.
//
// testdata has one database for each migration and dialect, made when that migration
// was the newest: a SQLite file, and what pg_dump wrote. A stored database is never
// made again. After adding a migration, make stored-databases adds those of the new
// schema; a test fails until that was done.
package upgrade
