package reminders_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
)

func TestALimitOutsideOfTheRulesIsRefusedAndNoneIsTheDefault(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		for range 60 {
			w.remind("u", "t", -1)
		}
		w.start()
		w.pass(1e9)
		n := reminders.NewNotifications(w.store)
		for limit, want := range map[int]int{0: 50, 1: 1, 100: 60} {
			if got, err := n.List(t.Context(), "u", domain.NotificationQuery{Limit: limit}); err != nil || len(got) != want {
				t.Errorf("limit %d: %d notifications, %v", limit, len(got), err)
			}
		}
		for _, limit := range []int{-1, 101} {
			if _, err := n.List(t.Context(), "u", domain.NotificationQuery{Limit: limit}); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("limit %d: %v", limit, err)
			}
		}
		if err := n.Delete(t.Context(), "u", uuid.New()); !errors.Is(err, domain.ErrNotFound) {
			t.Error(err)
		}
	})
}
