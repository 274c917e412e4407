// Package docs holds the JSON Schemas of everything that is published, so that
// programs use the same files that people read.
package docs

import "embed"

// Schemas has events/*.schema.json, what goes over the topics, and
// live/*.schema.json, what goes over a live connection.
//
//go:embed events/*.schema.json live/*.schema.json
var Schemas embed.FS
