package sqlstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// systemMethods see the data of all users. Every other exported method serves
// one user, or keys, and is checked for it in test/contract/store.
var systemMethods = []string{
	"DeadLetters.Count", "DeadLetters.Discard", "DeadLetters.Find", "DeadLetters.Marked", "DeadLetters.Redrive",
	"Identity.Accounts", "Identity.AddKey", "Identity.DeleteSessionsBefore", "Identity.HoldKey", "Identity.Keys", "Identity.Offer", "Identity.RemoveKey", "Identity.SetScope",
	"Notifications.DeleteBefore", "Outbox.Backlog", "Outbox.Heads", "Outbox.Lag", "Outbox.Lease", "Outbox.Settle", "Outbox.Wake",
	"Reminders.Due", "State.DeleteExpired", "Streams.DeleteEventsBefore", "Tasks.DeleteKeysBefore",
}

func TestQueriesOfTheSystemStandInFilesOfTheirOwn(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), "system_") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.IsExported() {
				star := fn.Recv.List[0].Type.(*ast.StarExpr)
				found = append(found, star.X.(*ast.Ident).Name+"."+fn.Name.Name)
			}
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, systemMethods) {
		t.Fatalf("system files have %v, the list says %v", found, systemMethods)
	}
}

// userTables have user_id; a statement on one outside of the system files names it.
var userTables = []string{"tasks", "events", "user_streams", "outbox", "audit_logs", "dead_letters", "notifications", "preferences", "idempotency_keys"}

func TestStatementsThatServeAUserNameTheUser(t *testing.T) {
	t.Parallel()
	sql := newTaskSQL(true)
	lite := newTaskSQL(false)
	for _, q := range []string{sql.get, sql.create, sql.update, sql.delete, lite.get, lite.create, lite.update, lite.delete, lite.exists, lite.stream, lite.event, lite.outbox, markLite} {
		if !strings.Contains(q, "user_id") {
			t.Errorf("no user_id in %s", q)
		}
		for _, table := range userTables {
			for _, verb := range []string{"UPDATE ", "DELETE FROM ", "FROM "} {
				if i := strings.Index(q, verb+table+" "); i >= 0 && !strings.Contains(q[i:], "WHERE user_id = ") {
					t.Errorf("%s%s without its user in %s", verb, table, q)
				}
			}
		}
	}
}
