package boot

import (
	"testing"
	"time"
)

func TestTheReminderIntervalIsATimeOrSeconds(t *testing.T) {
	for value, want := range map[string]time.Duration{"": time.Minute, "60": time.Minute, "5": 5 * time.Second, "90s": 90 * time.Second, "1h": time.Hour, "1m30s": 90 * time.Second} {
		environment(t, nil)
		if value != "" {
			t.Setenv("REMINDER_CHECK_INTERVAL", value)
		}
		c, err := Load("", "")
		if err != nil || time.Duration(c.ReminderCheck) != want {
			t.Errorf("%q: %s, %v", value, c.ReminderCheck, err)
		}
	}
	for value, hint := range map[string]string{
		"0": "between 1s and 1h", "999ms": "between 1s and 1h", "3601": "between 1s and 1h", "-5s": "between 1s and 1h", "2h": "between 1s and 1h",
		"soon": "number of seconds", "1.5": "number of seconds", "-60": "between 1s and 1h", "5 m": "number of seconds", "99999999999": "number of seconds",
	} {
		environment(t, map[string]string{"REMINDER_CHECK_INTERVAL": value})
		_, err := Load("", "")
		says(t, err, "REMINDER_CHECK_INTERVAL=", hint)
	}
}
