package identity

import "fmt"

// Refusal is why something is not done, with the code by which clients know it.
type Refusal struct{ Code, Message string }

func (r *Refusal) Error() string { return r.Message }

// Is compares codes.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Code == r.Code
}

// The refusals. Codes are Better Auth's, but for INVALID_CODE.
var (
	ErrPasswordTooShort = &Refusal{"PASSWORD_TOO_SHORT", fmt.Sprintf("Password too short: use at least %d characters", MinPassword)}
	ErrPasswordTooLong  = &Refusal{"PASSWORD_TOO_LONG", fmt.Sprintf("Password too long: use at most %d characters", MaxPassword)}
	ErrInvalidEmail     = &Refusal{"INVALID_EMAIL", "Invalid email"}
	ErrEmailTaken       = &Refusal{"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email."}
	ErrSignUpClosed     = &Refusal{"EMAIL_PASSWORD_SIGN_UP_DISABLED", "Sign-up is closed here: ask the operator for an account"}
	ErrCodeClosed       = &Refusal{"INVALID_CODE", "This link was used already or has expired. While there is no operator, each start of the server prints a new one"}
	ErrCredentials      = &Refusal{"INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"}
	ErrPassword         = &Refusal{"INVALID_PASSWORD", "Invalid password"}
	ErrNotFresh         = &Refusal{"SESSION_EXPIRED", "Sign in again or give the password: this session is older than a day"}
	// ErrNoSession says that nobody is signed in; ErrSessionEnded, that somebody was.
	ErrNoSession    = &Refusal{"UNAUTHORIZED", "Unauthorized"}
	ErrSessionEnded = &Refusal{"UNAUTHORIZED", "Unauthorized: the session has ended"}
)

// invalid is a field that is not what it must be.
func invalid(field, message string) *Refusal {
	return &Refusal{"VALIDATION_ERROR", fmt.Sprintf("[body.%s] %s", field, message)}
}
