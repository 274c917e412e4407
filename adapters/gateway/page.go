package gateway

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	index = "index.html"
	// noncePlace is what a built index.html has where each answer's nonce belongs.
	noncePlace = "__CSP_NONCE__"
)

// Page serves the built web page: its files, and index.html at every other address, since
// the page has routes of its own. A name that looks like a file and is none is not found.
// Only GET and HEAD. It is safe for concurrent use.
type Page struct {
	assets map[string]*asset
	https  bool
	gzips  sync.Pool // of *gzip.Writer
}

// NewPage makes the page of files, with index.html at their root. publicURL is where
// people reach it; with https browsers are told to stay with that.
func NewPage(files fs.FS, publicURL string) (*Page, error) {
	p := newPage(publicURL)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || hidden(name) {
			return err
		}
		body, err := fs.ReadFile(files, name)
		p.assets[name] = newAsset(name, body)
		return err
	})
	if err == nil && p.assets[index] == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("read the built page: %w", err)
	}
	return p, nil
}

// NoPage is what is served where no page was built: how to build it.
func NoPage(publicURL string) *Page {
	p := newPage(publicURL)
	p.assets[index] = newAsset(index, []byte(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tasktide</title>
<p>Tasktide's API is up, and <a href="/docs">/docs</a> describes it.
<p>This program was built without its web page: run <code>make page</code>, build it again, and the page is here.
</html>
`))
	return p
}

func newPage(publicURL string) *Page {
	return &Page{assets: map[string]*asset{}, https: strings.HasPrefix(publicURL, "https:"), gzips: sync.Pool{New: func() any { return gzip.NewWriter(nil) }}}
}

// ServeHTTP answers a request for the page or one of its files.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.secure(w.Header(), "")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeProblem(w, r, http.StatusMethodNotAllowed, "the page is read with GET")
		return
	}
	switch a := p.find(r.URL.Path); {
	case a == nil:
		writeProblem(w, r, http.StatusNotFound, "the page has no such file")
	case a.html:
		p.serveHTML(w, r, a)
	default:
		a.serve(w, r)
	}
}

// find is the file at a path, or the index for a route of the page; nil for neither.
func (p *Page) find(at string) *asset {
	name := strings.TrimPrefix(at, "/")
	if a := p.assets[name]; a != nil {
		return a
	}
	last := name[strings.LastIndexByte(name, '/')+1:]
	if strings.HasPrefix(name, "assets/") || strings.Contains(last, ".") || hidden(name) {
		return nil
	}
	return p.assets[index]
}

func hidden(name string) bool { return strings.Contains("/"+name, "/.") }

// serveHTML answers with a nonce that was never used before. So no cache may keep it, and
// there is nothing to compare it with.
func (p *Page) serveHTML(w http.ResponseWriter, r *http.Request, a *asset) {
	nonce := rand.Text()
	p.secure(w.Header(), nonce)
	body := bytes.ReplaceAll(a.body, []byte(noncePlace), []byte(nonce))
	h := w.Header()
	h.Set("Content-Type", a.media)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	if len(body) >= compressFrom && coding(r.Header.Values("Accept-Encoding"), "gzip") != "" {
		h.Set("Content-Encoding", "gzip")
		body = p.gzip(body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

func (p *Page) gzip(body []byte) []byte {
	var out bytes.Buffer
	w, ok := p.gzips.Get().(*gzip.Writer)
	if !ok {
		return body
	}
	defer p.gzips.Put(w)
	w.Reset(&out)
	_, _ = w.Write(body) // memory takes all
	_ = w.Close()
	return out.Bytes()
}

// serve answers with the file, packed where the client can unpack it: with 304 for what it
// has, with a part where it asks for one, which is always of the file as it is.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h, body, tag := w.Header(), a.body, a.tag
	h.Set("Content-Type", a.media)
	h.Set("Cache-Control", a.cache)
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if c := coding(r.Header.Values("Accept-Encoding"), "br", "gzip"); c != "" && r.Header.Get("Range") == "" {
			body, tag = a.packed[c](), tag+"-"+c
			h.Set("Content-Encoding", c)
			h.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
