// Package proxies runs the one binary behind Caddy and nginx, configured by the files in deploy/caddy and
// deploy/nginx as they are, but for their addresses.
package proxies
