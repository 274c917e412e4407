// Package openapi holds HTTP exchanges against an OpenAPI document: what a server
// answers must be described, to the last field and header, and what it accepts must
// be described as acceptable.
package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	problems "github.com/pb33f/libopenapi-validator/errors"
)

// Checker checks exchanges; it may be used by several goroutines.
type Checker struct {
	mu       sync.Mutex          // the library does not say that it may be used by several
	answers  validator.Validator // refuses what is not described
	requests validator.Validator
}

// New reads a document and checks it against the specification's own schema.
func New(document []byte) (*Checker, error) {
	quiet := config.WithLogger(slog.New(slog.DiscardHandler))
	document, err := explicit(document)
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(document)
	if err != nil {
		return nil, err
	}
	// What HTTP, CORS and browsers' safety bring is not part of an API.
	standard := config.WithStrictIgnoredHeadersExtra("Cache-Control", "Vary", "Content-Security-Policy", "X-Content-Type-Options",
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers")
	answers, errs := validator.NewValidator(doc, quiet, config.WithFormatAssertions(), config.WithStrictMode(), standard)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	requests, errs := validator.NewValidator(doc, quiet, config.WithFormatAssertions(), config.WithoutSecurityValidation())
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if ok, list := answers.ValidateDocument(); !ok {
		return nil, joined(list)
	}
	return &Checker{answers: answers, requests: requests}, nil
}

// Check holds one exchange against the document. Requests of a path or method that
// is not described must have been refused with 404 or 405.
func (c *Checker) Check(request *http.Request, body []byte, status int, header http.Header, answer []byte) error {
	if request.Method == http.MethodHead || request.Method == http.MethodOptions {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := request.Clone(request.Context())
	again := func() { r.Body = io.NopCloser(bytes.NewReader(body)) }
	again()
	response := &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(answer)), Request: r}
	if ok, list := c.answers.ValidateHttpResponse(r, response); !ok {
		if missing(list) && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
			return nil
		}
		return fmt.Errorf("the answer %d to %s %s is not as described: %w\n%.500s", status, r.Method, r.URL.Path, joined(list), answer)
	}
	if status >= 300 {
		return nil
	}
	again()
	r.Header.Set("Content-Type", "application/json") // a body is read as JSON, whatever existing clients say of it
	if ok, list := c.requests.ValidateHttpRequestSync(r); !ok {
		return fmt.Errorf("%s %s was accepted with %d, and is not described as acceptable: %w\n%s", r.Method, r.URL, status, joined(list), body)
	}
	return nil
}

func missing(list []*problems.ValidationError) bool {
	for _, e := range list {
		if e.IsPathMissingError() || e.IsOperationMissingError() {
			return true
		}
	}
	return false
}

func joined(list []*problems.ValidationError) error {
	var lines []string
	for _, e := range list {
		lines = append(lines, e.Message+": "+e.Reason)
		for _, s := range e.SchemaValidationErrors {
			lines = append(lines, "  "+s.FieldPath+" "+s.Reason)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}
