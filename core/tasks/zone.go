package tasks

import (
	"strings"
	"time"
)

const defaultZone = "UTC"

// zone checks an IANA time zone name; "" is the default. Names that were found
// once are remembered: loading one reads a file, and there are only some hundred.
func (s *Service) zone(p *problems, name string) string {
	if name == "" || name == defaultZone {
		return defaultZone
	}
	if _, ok := s.zones.Load(name); ok {
		return name
	}
	if len(name) > maxZone || !ianaName(name) {
		p.add("timeZone", "must be an IANA time zone like Europe/Berlin")
		return defaultZone
	}
	if _, err := time.LoadLocation(name); err != nil {
		p.add("timeZone", "is not a known IANA time zone; one looks like Europe/Berlin")
		return defaultZone
	}
	name = strings.Clone(name)
	s.zones.Store(name, struct{}{})
	return name
}

// ianaName keeps out what the system's folder of zones has beside zones, and
// "Local", which means something else on every machine.
func ianaName(name string) bool {
	switch name {
	case "Local", "localtime", "posixrules", "Factory":
		return false
	}
	if strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return false
	}
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") == ""
}
