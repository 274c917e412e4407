package sqlstore

// notErased is the condition by which every effect of an event asks, in its own
// statement, whether the user had that event erased. On PostgreSQL a statement that
// began before an erasure can't see its mark: Users.Erase waits for those that write
// to the tables below, and holds back later ones.
func notErased(user, position string) string {
	return "NOT EXISTS (SELECT 1 FROM user_streams AS gone WHERE gone.user_id = " + user +
		" AND gone.erased > 0 AND gone.erased >= " + position + ")"
}

// effectTables are those that are written by single statements with notErased, and
// by nothing else that an erasure could wait for while it is waited for.
const effectTables = "audit_logs, dead_letters"
