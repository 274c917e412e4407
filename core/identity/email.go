package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxEmail = 254 // RFC 5321, 4.5.3.1
	maxLocal = 64
)

// Email reads an address: as it is shown, and a key that is equal for all spellings
// of it that mean the same mailbox to people: other case, wide or composed letters,
// a domain in Unicode or in its ASCII form.
func Email(s string) (shown, key string, ok bool) {
	if len(s) > 4*maxEmail || !utf8.ValidString(s) {
		return "", "", false
	}
	local, domain, found := strings.Cut(norm.NFKC.String(s), "@")
	if !found || !plainLocal(local) {
		return "", "", false
	}
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.Transitional(false))
	ascii, err := profile.ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") {
		return "", "", false
	}
	unicodeDomain, err := profile.ToUnicode(ascii)
	if err != nil {
		return "", "", false
	}
	local, ok = settle(local, strings.ToLower)
	folded, ok2 := settle(local, cases.Fold().String)
	shown, key = local+"@"+unicodeDomain, folded+"@"+ascii
	return shown, key, ok && ok2 && plainLocal(folded) && len(folded) <= maxLocal && len(key) <= maxEmail && len(shown) <= maxEmail
}

// settle applies f and normalises until nothing changes, so that the outcome is its own.
func settle(s string, f func(string) string) (string, bool) {
	for range 5 {
		next := norm.NFKC.String(f(s))
		if next == s {
			return s, true
		}
		s = next
	}
	return "", false
}

// plainLocal takes what people have in addresses, and no quoted form (RFC 5321, 4.1.2).
func plainLocal(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
	})
}
