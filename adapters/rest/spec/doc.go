// Package spec is the language in which routes are declared: plain data that says
// once how a route is mounted and how it is described. The OpenAPI document and the
// page for people are made of the same values that the server mounts, so they can't
// describe what is not served.
//
// Nothing here runs while a request is served.
package spec
