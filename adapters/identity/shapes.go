package identity

import (
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// wireTime is as JavaScript writes it.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

type wireUser struct {
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified bool    `json:"emailVerified"` // there is no mail server to verify one
	Image         *string `json:"image"`
	CreatedAt     string  `json:"createdAt"`
	UpdatedAt     string  `json:"updatedAt"`
	ID            string  `json:"id"`
}

func userOf(a *domain.Account) wireUser {
	return wireUser{Name: a.Name, Email: a.Email, Image: a.Image, CreatedAt: wireTime(a.CreatedAt), UpdatedAt: wireTime(a.UpdatedAt), ID: a.ID}
}

// wireSession has the session's id as its token: it names the session, to end it, and
// signs nobody in.
type wireSession struct {
	ExpiresAt string `json:"expiresAt"`
	Token     string `json:"token"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	IPAddress string `json:"ipAddress"`
	UserAgent string `json:"userAgent"`
	UserID    string `json:"userId"`
	ID        string `json:"id"`
}

func sessionOf(s *domain.AccountSession) wireSession {
	return wireSession{
		ExpiresAt: wireTime(s.ExpiresAt), Token: s.ID, CreatedAt: wireTime(s.CreatedAt), UpdatedAt: wireTime(s.UpdatedAt),
		IPAddress: s.Address, UserAgent: s.UserAgent, UserID: s.AccountID, ID: s.ID,
	}
}
