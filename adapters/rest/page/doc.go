// Package page renders the description of the API for people: plain HTML and one
// style sheet, made of the same table that the server mounts. No script, nothing from
// another origin; Policy says so to browsers.
package page

import (
	"bytes"
	"embed"
	"html/template"
	"regexp"
	"strings"
)

// Policy is the Content-Security-Policy of the pages.
const Policy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

//go:embed *.html style.css
var files embed.FS

// Style is the style sheet.
func Style() ([]byte, error) { return files.ReadFile("style.css") }

func render(name string, data any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"text": text}).ParseFS(files, "parts.html", name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}

var code = regexp.MustCompile("`([^`]+)`")

// text turns the little Markdown that descriptions use into HTML: paragraphs, lists,
// code.
func text(s string) template.HTML {
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		block = code.ReplaceAllString(template.HTMLEscapeString(block), "<code>$1</code>")
		if items, ok := strings.CutPrefix(block, "- "); ok {
			out.WriteString("<ul><li>" + strings.ReplaceAll(items, "\n- ", "</li><li>") + "</li></ul>")
		} else if block != "" {
			out.WriteString("<p>" + block + "</p>")
		}
	}
	return template.HTML(out.String()) //nolint:gosec // escaped above
}
