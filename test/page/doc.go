// Package page uses the web page as a person does: a browser (Debian's chromium) at the real servers, one binary or a
// cluster behind its gateway.
//
// The steps are Playwright's, in apps/frontend/web/e2e. The test here builds the page and the programs, starts the servers,
// and runs Playwright with their addresses; what the steps can't do from a browser (kill a server, run the operator's command
// line, start another server or a newer version, have the database refuse something) they ask of the control, an HTTP server
// on loopback that lives as long as the test.
//
// Without flags it is the one binary that is tested. -on kafka, -on dapr, or both with a comma, is the same on clusters.
package page
