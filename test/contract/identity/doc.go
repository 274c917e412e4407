// Package identity is the contract of the built-in accounts: Better Auth's official
// client does the same steps against ours and against a real Better Auth server, and
// what goes over the wire is compared, request by request. What differs on purpose is
// listed, with its reason, and nothing else may.
package identity
