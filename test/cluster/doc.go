// Package cluster starts and stops real servers as child processes on free loopback ports: PostgreSQL, Apache Kafka,
// Dapr sidecars and our own services. Tests use it, and so does the command in the folder up.
//
// What holds for every server here:
//
//   - Its whole life is in one directory and one log file, both named by the caller.
//   - Start returns when the server answers a real request, or with the end of its log when it ended instead.
//   - Stop is orderly with a deadline; Kill takes the process and all its descendants down at once; Pause and Resume
//     freeze and thaw them, which is what a peer sees of a lost network. After Stop and Kill, Start begins again on the
//     same ports with the same data.
//   - It cannot outlive the process that started it (Linux: the kernel kills it with its parent).
//   - It is addressed by its process id only, never by name.
//
// Nothing needs root. Started by root, PostgreSQL runs as another user, because it refuses root.
package cluster
