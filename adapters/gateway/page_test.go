package gateway_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"

	"github.com/tasktide/tasktide/adapters/gateway"
)

// open asks a page without a server.
func open(t *testing.T, p http.Handler, method, path string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://tasks.example"+path, nil)
	set(r, headers)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func page(t *testing.T, publicURL string) *gateway.Page {
	t.Helper()
	p, err := gateway.NewPage(built(), publicURL)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHashedFilesAreImmutableOthersAreAskedForAgainHTMLIsNeverKept(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"/assets/index-B1x.js":      {"public, max-age=31536000, immutable", "text/javascript; charset=utf-8"},
		"/assets/tiny-D3z.css":      {"public, max-age=31536000, immutable", "text/css; charset=utf-8"},
		"/sw.js":                    {"no-cache", "text/javascript; charset=utf-8"},
		"/manifest.webmanifest":     {"no-cache", "application/manifest+json"},
		"/":                         {"no-store", "text/html; charset=utf-8"},
		"/index.html":               {"no-store", "text/html; charset=utf-8"},
		"/upcoming":                 {"no-store", "text/html; charset=utf-8"},
		"/tasks/0b5e-1/history?a=b": {"no-store", "text/html; charset=utf-8"},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := open(t, page(t, ""), method, path)
			if a.status != 200 || a.header.Get("Cache-Control") != want[0] || a.header.Get("Content-Type") != want[1] || (a.body == "") != (method == "HEAD") {
				t.Errorf("%s %s: %d %v", method, path, a.status, a.header)
			}
			html := want[0] == "no-store"
			if html != (a.header.Get("ETag") == "") || html && !strings.HasPrefix(open(t, page(t, ""), "GET", path).body, "<!doctype html>") {
				t.Errorf("%s %s: %v", method, path, a.header)
			}
		}
	}
}

func TestANameThatIsNoFileIsNotFoundAndNeverThePage(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/assets/index-OLD.js", "/assets/", "/assets/x", "/favicon.ico", "/deep/er/robots.txt", "/.gitignore", "/assets/.vite/manifest", "/.well-known/acme",
		"/../../etc/passwd.txt", "/assets/../../../etc/hosts.deny", "/assets/..%2fsw.jsx", "/%2e%2e/go.mod", "/assets\\..\\sw.js", "//sw.js/x.js", "/sw.js/",
	} {
		a := open(t, page(t, ""), "GET", path)
		if a.status != 404 && path != "/sw.js/" || strings.Contains(a.body, "<script") && path != "/sw.js/" {
			t.Errorf("%s: %d %.80s", path, a.status, a.body)
		}
	}
}

func TestThePageIsOnlyRead(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		if a := open(t, page(t, ""), method, "/"); a.status != 405 || a.header.Get("Allow") != "GET, HEAD" || !strings.Contains(a.body, "read with GET") {
			t.Errorf("%s: %d %s", method, a.status, a.body)
		}
	}
}

var nonces = regexp.MustCompile(`nonce="([^"]+)"`)

func TestEachAnswerHasANonceOfItsOwnThatItsPolicyNames(t *testing.T) {
	t.Parallel()
	p, seen := page(t, ""), map[string]bool{}
	for range 100 {
		a := open(t, p, "GET", "/today")
		found := nonces.FindAllStringSubmatch(a.body, -1)
		if len(found) != 2 || found[0][1] != found[1][1] || len(found[0][1]) < 22 || strings.Contains(a.body, "__CSP") {
			t.Fatalf("%v in %.300s", found, a.body)
		}
		nonce, csp := found[0][1], a.header.Get("Content-Security-Policy")
		if seen[nonce] {
			t.Fatalf("%s twice", nonce)
		}
		seen[nonce] = true
		for _, want := range []string{"default-src 'none'", "script-src 'self' 'nonce-" + nonce + "';", "style-src 'self' 'nonce-" + nonce + "';", "connect-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"} {
			if !strings.Contains(csp, want) {
				t.Fatalf("no %s in %s", want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Fatal(csp)
		}
	}
}

func TestEveryPartOfThePageHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/sw.js", "/assets/index-B1x.js", "/assets/none.js"} {
		for public, hsts := range map[string]string{"https://tasks.example": "max-age=31536000", "http://127.0.0.1:8000": "", "": ""} {
			h := open(t, page(t, public), "GET", path).header
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" ||
				!strings.Contains(h.Get("Permissions-Policy"), "camera=()") || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Strict-Transport-Security") != hsts {
				t.Errorf("%s at %q: %v", path, public, h)
			}
		}
	}
}

func TestTextIsCompressedForWhoUnpacksIt(t *testing.T) {
	t.Parallel()
	p := page(t, "")
	plain := open(t, p, "GET", "/assets/index-B1x.js")
	tags := map[string]bool{plain.header.Get("ETag"): true}
	for accepted, want := range map[string]string{
		"gzip": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip;q=0.5": "gzip", "identity": "", "gzip;q=0": "", "*": "br", "*;q=0": "", "GZIP": "gzip", "br;q=0.1, gzip": "gzip", "nonsense;;q=": "",
	} {
		a := open(t, p, "GET", "/assets/index-B1x.js", "Accept-Encoding: "+accepted)
		if a.header.Get("Content-Encoding") != want || a.header.Get("Vary") != "Accept-Encoding" || unpack(t, a) != script {
			t.Errorf("%q: %v", accepted, a.header)
		}
		if want != "" && len(a.body)*2 > len(script) {
			t.Errorf("%q: %d of %d bytes", accepted, len(a.body), len(script))
		}
		tags[a.header.Get("ETag")] = true
	}
	if len(tags) != 3 {
		t.Errorf("three forms have the tags %v", tags)
	}
	html := open(t, p, "GET", "/", "Accept-Encoding: gzip, br")
	if html.header.Get("Content-Encoding") != "gzip" || !strings.HasSuffix(unpack(t, html), "-->") {
		t.Errorf("%v", html.header)
	}
	for _, path := range []string{"/assets/logo-C2y.png", "/assets/tiny-D3z.css"} {
		if a := open(t, p, "GET", path, "Accept-Encoding: gzip, br"); a.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v", path, a.header)
		}
	}
}

func unpack(t *testing.T, a answer) string {
	t.Helper()
	var r io.Reader = strings.NewReader(a.body)
	var err error
	switch a.header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAFileThatTheClientHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	p := page(t, "")
	for _, accepted := range []string{"identity", "gzip", "br"} {
		first := open(t, p, "GET", "/assets/index-B1x.js", "Accept-Encoding: "+accepted)
		for _, method := range []string{"GET", "HEAD"} {
			a := open(t, p, method, "/assets/index-B1x.js", "Accept-Encoding: "+accepted, "If-None-Match: "+first.header.Get("ETag"))
			if a.status != 304 || a.body != "" || a.header.Get("ETag") != first.header.Get("ETag") || a.header.Get("Cache-Control") != first.header.Get("Cache-Control") {
				t.Errorf("%s: %d %v", accepted, a.status, a.header)
			}
		}
		if a := open(t, p, "GET", "/assets/index-B1x.js", `If-None-Match: "other"`); a.status != 200 {
			t.Errorf("another tag: %d", a.status)
		}
	}
}

func TestPartsOfAFileAreOfTheFileAsItIs(t *testing.T) {
	t.Parallel()
	p := page(t, "")
	a := open(t, p, "GET", "/assets/index-B1x.js", "Range: bytes=0-6", "Accept-Encoding: gzip")
	if a.status != 206 || a.body != "console" || a.header.Get("Content-Encoding") != "" || !strings.HasPrefix(a.header.Get("Content-Range"), "bytes 0-6/") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a := open(t, p, "GET", "/assets/index-B1x.js", "Range: bytes=999999-"); a.status != 416 {
		t.Errorf("beyond the end: %d", a.status)
	}
	if a := open(t, p, "GET", "/assets/index-B1x.js", "Range: bytes=0-6", `If-Range: "other"`); a.status != 200 || a.body != script {
		t.Errorf("of another version: %d", a.status)
	}
	if a := open(t, p, "GET", "/", "Range: bytes=0-3"); a.status != 200 || !strings.HasPrefix(a.body, "<!doctype html>") {
		t.Errorf("a part of a page: %d", a.status)
	}
}

func TestAFolderWithoutAnIndexIsNoPage(t *testing.T) {
	t.Parallel()
	if _, err := gateway.NewPage(fstest.MapFS{"sw.js": {}}, ""); err == nil || !strings.Contains(err.Error(), "built page") {
		t.Error(err)
	}
}

func TestWithoutABuiltPageTwoSentencesSayHowToBuildIt(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/sign-up?code=x"} {
		a := open(t, gateway.NoPage(""), "GET", path)
		if a.status != 200 || !strings.Contains(a.body, "API is up") || !strings.Contains(a.body, "make page") || a.header.Get("Cache-Control") != "no-store" || strings.Count(a.body, "<p>") != 2 {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	}
	if a := open(t, gateway.NoPage(""), "GET", "/assets/x.js"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}
