package gateway

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// compressFrom is the size from which compressing is worth its overhead.
const compressFrom = 1 << 10

// asset is one file of the page.
type asset struct {
	media, cache string
	tag          string // without quotes
	body         []byte
	html         bool
	packed       map[string]func() []byte // by content coding; made when first asked for
}

// media are the types of what a page consists of. The system's own table would differ
// from machine to machine.
func media(name string) string {
	known := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".json": "application/json", ".map": "application/json", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
		".xml": "application/xml", ".wasm": "application/wasm", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon",
		".woff2": "font/woff2", ".woff": "font/woff",
	}[strings.ToLower(path.Ext(name))]
	if known == "" {
		return "application/octet-stream"
	}
	return known
}

// newAsset makes one. What is below assets/ has a hash of its content in its name.
func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	a := &asset{media: media(name), cache: "no-cache", tag: hex.EncodeToString(sum[:12]), body: body}
	if strings.HasPrefix(name, "assets/") {
		a.cache = "public, max-age=31536000, immutable"
	}
	a.html = strings.HasPrefix(a.media, "text/html")
	if compressible(a.media) && len(body) >= compressFrom {
		a.packed = map[string]func() []byte{"br": sync.OnceValue(func() []byte { return pack(body, "br") }), "gzip": sync.OnceValue(func() []byte { return pack(body, "gzip") })}
	}
	return a
}

func compressible(media string) bool {
	return strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "application/") && media != "application/octet-stream" || media == "image/svg+xml"
}

// pack compresses; it takes its time.
func pack(body []byte, coding string) []byte {
	var out bytes.Buffer
	var w io.WriteCloser = brotli.NewWriterLevel(&out, brotli.DefaultCompression)
	if coding == "gzip" {
		w, _ = gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one
	}
	_, _ = w.Write(body) // memory takes all
	_ = w.Close()
	return out.Bytes()
}
