package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/migrations"
)

// ErrNotAFile says that a database is none that can be copied as a file.
var ErrNotAFile = errors.New("the database is PostgreSQL, which has tools of its own: pg_dump and pg_restore")

// CopyTo writes the database, as it is at one moment, to the empty or new file path.
// Others read and write meanwhile. The copy is not synced to the disk.
func (db *DB) CopyTo(ctx context.Context, path string) error {
	if db.postgres() {
		return ErrNotAFile
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	return onFile(db.path, "_busy_timeout=10000", func(c *sql.DB) error {
		_, err := c.ExecContext(ctx, "VACUUM INTO ?", abs)
		return err
	})
}

// CheckFile reads all of a copy that nobody uses, and returns its schema's version. Its
// error says what is wrong with it: damage, another program's file, a schema that this
// binary does not know.
func CheckFile(ctx context.Context, path string) (version int64, err error) {
	steps, err := readSteps(migrations.FS, "sqlite")
	if err != nil {
		return 0, err
	}
	err = onFile(path, "mode=ro", func(c *sql.DB) error {
		if err := integrity(ctx, c); err != nil {
			return err
		}
		var epochs int
		err := c.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0), (SELECT count(*) FROM stream_epoch) FROM goose_db_version").Scan(&version, &epochs)
		if err != nil {
			return fmt.Errorf("it is not a database of Tasktide: %w", err)
		}
		if version == 0 || epochs != 1 {
			return fmt.Errorf("it is not a whole database of Tasktide: its schema version is %d, it has %d stream epochs", version, epochs)
		}
		return nil
	})
	if known := steps[len(steps)-1].version; err == nil && version > known {
		err = fmt.Errorf("its schema version is %d, this binary knows %d: it was made by a newer version of Tasktide; use that version", version, known)
	}
	return version, err
}

func integrity(ctx context.Context, c *sql.DB) error {
	rows, err := c.QueryContext(ctx, "PRAGMA integrity_check(5)")
	if err != nil {
		return fmt.Errorf("the database in it is damaged: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		found = append(found, line)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("the database in it is damaged: %w", err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("the database in it is damaged: %s", strings.Join(found, "; "))
	}
	return nil
}

// RenewEpoch begins a new count of positions in a copy that nobody uses: positions
// will be given again that clients have seen with other content.
func RenewEpoch(ctx context.Context, path string) error {
	return onFile(path, "mode=rw", func(c *sql.DB) error {
		_, err := c.ExecContext(ctx, "UPDATE stream_epoch SET epoch = ?", uuid.NewString())
		return err
	})
}

// onFile uses a file by a connection of its own.
func onFile(path, query string, use func(*sql.DB) error) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: query}
	c, err := sql.Open("sqlite", u.String())
	if err != nil {
		return err
	}
	c.SetMaxOpenConns(1)
	return errors.Join(use(c), c.Close())
}
