package dropin

import (
	"fmt"
	"testing"
)

func TestAnUnchangedClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i, c := range []struct {
		name string
		run  func(*client)
	}{
		{"a task is made and answered whole", testTaskIsMadeAndAnsweredWhole},
		{"a whole task goes back on PUT", testAWholeTaskGoesBackOnPut},
		{"every form of a time is taken", testEveryFormOfATimeIsTaken},
		{"completing toggles, deleting answers nothing", testCompletingTogglesAndDeletingAnswersNothing},
		{"the list has no limit", testTheListHasNoLimit},
		{"what is wrong has its status", testWhatIsWrongHasItsStatus},
		{"counts", testCounts},
		{"the audit trail", testAuditTrail},
		{"the next occurrence", testTheNextOccurrence},
		{"notifications", testNotifications},
		{"the live connection knows only a cookie and a bare ping", testLiveConnection},
		{"a live connection without a session is refused", testLiveConnectionWithoutASession},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(s.client(t, fmt.Sprintf("user%d", i)))
		})
	}
}
