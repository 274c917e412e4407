package boot

import (
	golang "runtime"
	"runtime/debug"
)

// Set by the linker in releases (make release); otherwise the build's own record is used.
//
//nolint:gochecknoglobals // the linker needs variables
var version, commit, date string

// Build says what this binary was built of.
type Build struct{ Version, Commit, Date, Go, Platform string }

// Version reads it.
func Version() Build {
	b := Build{Version: version, Commit: commit, Date: date, Go: golang.Version(), Platform: golang.GOOS + "/" + golang.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok && b.Commit == "" {
		changed := false
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Date = s.Value
			case "vcs.modified":
				changed = s.Value == "true"
			}
		}
		if changed {
			b.Commit += " with changes"
		}
	}
	if b.Version == "" {
		b.Version = "dev"
	}
	return b
}
