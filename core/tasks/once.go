package tasks

import (
	"context"
	"strconv"
	"strings"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Once creates tasks for requests that may be repeated: exactly one for each key of
// a user, whatever is killed in between. It may be called concurrently.
type Once struct {
	service *Service
	store   ports.OnceStore
}

// NewOnce makes the use case.
func NewOnce(service *Service, store ports.OnceStore) *Once { return &Once{service, store} }

// Create stores a new task of user and keeps the answer to it, which answer writes;
// or returns the answer that was kept for this key before.
// Errors: domain.ErrInvalid for a bad key, and when what was kept has another
// fingerprint; those of Service.Create.
func (o *Once) Create(ctx context.Context, user, key, fingerprint string, in Input, answer func(*domain.Task) []byte) ([]byte, error) {
	if wrong := checkKey(key); wrong != "" {
		return nil, badKey(wrong)
	}
	t, err := o.service.draft(user, in)
	if err != nil {
		return nil, err
	}
	kept, err := o.store.CreateOnce(ctx, t, o.service.created(ctx, &t),
		domain.KeptAnswer{Key: key, Fingerprint: fingerprint, Response: answer(&t), CreatedAt: t.CreatedAt})
	if err != nil {
		return nil, err
	}
	if kept.Fingerprint != fingerprint {
		return nil, badKey("was used for another request; a new request needs a new key")
	}
	return kept.Response, nil
}

func checkKey(key string) string {
	switch {
	case key == "":
		return "must not be empty"
	case len(key) > domain.MaxIdempotencyKey:
		return "must have at most " + strconv.Itoa(domain.MaxIdempotencyKey) + " bytes"
	case unstorable(key) != "" || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "must be text without control characters"
	}
	return ""
}

func badKey(message string) error {
	return domain.Invalid("the idempotency key can't be used", domain.FieldError{Field: "Idempotency-Key", Message: message})
}
