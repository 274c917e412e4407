package tasks

import (
	"strings"
	"time"
)

const defaultZone = "UTC"

// zone checks an IANA time zone name; "" is the default.
func (s *Service) zone(p *problems, name string) string {
	if name == "" || name == defaultZone {
		return defaultZone
	}
	if _, known := s.zones.Load(name); known {
		return name
	}
	if wrong := CheckZone(name); wrong != "" {
		p.add("timeZone", wrong)
		return defaultZone
	}
	_, _ = s.location(name) // found a moment ago
	return name
}

// CheckZone says what is wrong with the name of a time zone; "" for a good one.
func CheckZone(name string) string {
	if len(name) > maxZone || !ianaName(name) {
		return "must be an IANA time zone like Europe/Berlin"
	}
	if _, err := time.LoadLocation(name); err != nil {
		return "is not a known IANA time zone; one looks like Europe/Berlin"
	}
	return ""
}

// location loads a time zone. Those that were found once are remembered: loading
// one reads a file, and there are only some hundred.
func (s *Service) location(name string) (*time.Location, error) {
	if known, ok := s.zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	found, err := time.LoadLocation(name)
	if err == nil {
		s.zones.Store(strings.Clone(name), found)
	}
	return found, err
}

// ianaName keeps out what the system's folder of zones has beside zones, and
// "Local", which means something else on every machine.
func ianaName(name string) bool {
	switch name {
	case "", "Local", "localtime", "posixrules", "Factory":
		return false
	}
	if strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return false
	}
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") == ""
}
