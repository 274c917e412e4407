package rest

import (
	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
)

func accountSchema() *spec.Schema {
	return spec.Object(
		spec.Has("email", spec.Text()),
		spec.Has("name", spec.Text()),
		spec.Has("image", spec.Text().OrNull()),
		spec.Has("scope", spec.Text()),
		spec.Has("createdAt", spec.Time()),
		spec.Has("updatedAt", spec.Time()),
	).Named("Account").About("What the built-in accounts keep of the user, but for the password's hash.")
}

func sessionSchema() *spec.Schema {
	return spec.Object(
		spec.Has("createdAt", spec.Time()),
		spec.Has("updatedAt", spec.Time()),
		spec.Has("expiresAt", spec.Time()),
		spec.Has("ipAddress", spec.Text()),
		spec.Has("userAgent", spec.Text()),
	).Named("AccountSession")
}

// appendAccount has no hash of a password.
func appendAccount(b []byte, a *domain.Account) []byte {
	b = jsonappend.String(append(b, `{"email":`...), a.Email)
	b = jsonappend.String(append(b, `,"name":`...), a.Name)
	b = jsonappend.StringOrNull(append(b, `,"image":`...), a.Image)
	b = jsonappend.String(append(b, `,"scope":`...), a.Scope)
	b = jsonappend.Time(append(b, `,"createdAt":`...), a.CreatedAt)
	b = jsonappend.Time(append(b, `,"updatedAt":`...), a.UpdatedAt)
	return append(b, '}')
}

// appendSession has nothing that names or proves the session.
func appendSession(b []byte, s *domain.AccountSession) []byte {
	b = jsonappend.Time(append(b, `{"createdAt":`...), s.CreatedAt)
	b = jsonappend.Time(append(b, `,"updatedAt":`...), s.UpdatedAt)
	b = jsonappend.Time(append(b, `,"expiresAt":`...), s.ExpiresAt)
	b = jsonappend.String(append(b, `,"ipAddress":`...), s.Address)
	b = jsonappend.String(append(b, `,"userAgent":`...), s.UserAgent)
	return append(b, '}')
}
