package boot

import (
	"errors"

	"go.uber.org/dig"
)

// rootCause is the error that a constructor or hook returned, without the graph's story.
func rootCause(err error) error {
	if cause := dig.RootCause(err); cause != nil {
		return cause
	}
	return errors.Unwrap(err)
}
