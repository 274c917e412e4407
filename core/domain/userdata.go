package domain

// UserData takes what is kept of a user as it is read. The functions are called in the
// order of the fields, each as often as there is something; an error of one ends the
// reading. What they get is theirs only until they return.
type UserData struct {
	Account      func(Position, *Preferences) error // once; where the stream is
	Credential   func(*Account) error               // once, if there is one
	Session      func(*AccountSession) error        // oldest first
	Task         func(*Task) error                  // oldest first
	Event        func(*Event) error                 // oldest first
	AuditEntry   func(*AuditEntry) error            // newest first
	Notification func(*Notification) error          // newest first
	KeptAnswer   func(*KeptAnswer) error            // oldest first
	DeadLetter   func(*DeadLetter) error            // newest failure first
}
