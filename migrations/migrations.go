// Package migrations holds the schema as numbered SQL files, NNNN_name.up.sql
// and NNNN_name.down.sql for each dialect, embedded into every binary.
//
// A file that was released is never changed; a change of the schema is a new
// number, in both dialects. Every primary key and unique constraint of a table
// with user_id begins with user_id, so that the table can be cut by user.
package migrations

import "embed"

// FS has the folders "postgres" and "sqlite".
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
