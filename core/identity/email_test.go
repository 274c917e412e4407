package identity_test

import (
	"strings"
	"testing"

	"github.com/tasktide/tasktide/core/identity"
)

func TestAllSpellingsOfAnAddressHaveOneKey(t *testing.T) {
	t.Parallel()
	for address, twins := range map[string][]string{
		"ann@example.org":           {"ANN@example.org", "Ann@EXAMPLE.Org", "ａｎｎ@ｅｘａｍｐｌｅ.org", "ann@example。org", "ａNN@Example.ORG"},
		"kim@example.org":           {"\u212aim@example.org"},                               // the sign of kelvin
		"jos\u00e9@example.org":     {"jose\u0301@example.org", "JOS\u00c9@example.org"},    // composed or not
		"strasse@example.org":       {"stra\u00dfe@example.org", "STRA\u1e9eE@example.org"}, // sharp s
		"\u03c3\u03c3@example.org":  {"\u03a3\u03a3@example.org", "\u03c3\u03c2@example.org"},
		"file@example.org":          {"\ufb01le@example.org"}, // a ligature
		"ann@b\u00fccher.example":   {"ann@xn--bcher-kva.example", "ann@BU\u0308CHER.example", "ann@B\u00dcCHER.EXAMPLE"},
		"a.b+c_d'e@sub.example.org": {"A.B+C_D'E@SUB.example.org"},
	} {
		_, key, ok := identity.Email(address)
		if !ok {
			t.Errorf("%s is refused", address)
		}
		for _, twin := range twins {
			shown, other, ok := identity.Email(twin)
			if !ok || other != key {
				t.Errorf("%q has the key %q (%v), %q has %q", twin, other, ok, address, key)
			}
			if _, again, ok := identity.Email(shown); !ok || again != key {
				t.Errorf("what is shown of %q is %q, with the key %q", twin, shown, again)
			}
		}
	}
}

func TestDifferentAddressesHaveDifferentKeys(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, address := range []string{"ann@example.org", "an@example.org", "ann@example.com", "ann@sub.example.org", "a.nn@example.org", "ann+1@example.org", "änn@example.org"} {
		_, key, ok := identity.Email(address)
		if !ok || seen[key] != "" {
			t.Errorf("%s has the key %q of %q (%v)", address, key, seen[key], ok)
		}
		seen[key] = address
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "ann", "@example.org", "ann@", "ann@example", "ann@@example.org", "ann@b@example.org", "ann @example.org", " ann@example.org", "ann@example.org ",
		".ann@example.org", "ann.@example.org", "a..n@example.org", "ann@-example.org", "ann@exa mple.org", "ann@.org", "ann@example..org", "ann@example.org\n",
		"ann\x00@example.org", "an\u200bn@example.org", "ann\u202e@example.org", "ann@exam\u200bple\u0000.org", "\xff@example.org", `"ann"@example.org`, "ann(x)@example.org",
		"<script>@example.org", "ann@[127.0.0.1]", strings.Repeat("a", 65) + "@example.org", "ann@" + strings.Repeat("a", 64) + ".org", "ann@" + strings.Repeat("abcdefg.", 40) + "org",
		strings.Repeat("a", 1<<20) + "@example.org",
	} {
		if shown, key, ok := identity.Email(s); ok {
			t.Errorf("%.60q is taken as %q with the key %q", s, shown, key)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"ann@example.org", "\u212a@b\u00fc.example", "ß@ß.example", "İ@example.org", "a\u0345@example.org"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shown, key, ok := identity.Email(s)
		if !ok {
			return
		}
		_, again, ok := identity.Email(shown)
		if !ok || again != key {
			t.Errorf("%q is shown as %q, whose key is %q and not %q (%v)", s, shown, again, key, ok)
		}
		if len(key) > 254 || len(shown) > 254 || strings.ContainsAny(shown, " \x00\n<>\"") {
			t.Errorf("%q is shown as %q", s, shown)
		}
		if _, third, ok := identity.Email(key); ok && third != key {
			t.Errorf("the key %q has the key %q", key, third)
		}
	})
}
