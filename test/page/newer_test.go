package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tasktide/tasktide/test/cluster"
)

// What a person sees of the newer page: in what every screen begins with, and in a part that is loaded later.
var sayings = [][2]string{ //nolint:gochecknoglobals // a table
	{"Add a task: pay rent", "A newer page: pay rent"},
	{"Every change is an event", "A newer page: every change is an event"},
}

var workerVersion = regexp.MustCompile(`tasktide-\$\{"[0-9a-f]{12}"\}`)

// upgrade puts another version of the one binary into the place of the one that is stopped. Its page says so, and none of
// its files under assets/ has the name that it had, as after a change of what all of them use.
func (s *system) upgrade(ctx context.Context) error {
	if s.program == "" {
		return errors.New("only one binary of its own can be replaced")
	}
	dir := filepath.Dir(s.program)
	replaced, err := newerPage(filepath.Join(web, "dist"), filepath.Join(dir, "newer"))
	if err != nil {
		return err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := writeJSON(overlay, map[string]any{"Replace": replaced}); err != nil {
		return err
	}
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	if err := os.Remove(s.program); err != nil { // a link to the program that others run
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", s.program, "./apps/tasktide")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the newer version: %w\n%s", err, out)
	}
	return nil
}

// newerPage writes the page of dist into dir as another version, and returns which file has which one's place.
func newerPage(dist, dir string) (map[string]string, error) {
	contents := map[string][]byte{}
	var names []string // old and new, one after the other
	err := fs.WalkDir(os.DirFS(dist), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == ".gitignore" {
			return err
		}
		if content, readErr := os.ReadFile(filepath.Join(dist, name)); readErr == nil {
			contents[name] = content
		} else {
			return readErr
		}
		if old, hashed := strings.CutPrefix(name, "assets/"); hashed {
			names = append(names, old, renamed(old))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	said := map[string]bool{}
	replacer := strings.NewReplacer(names...)
	replaced := map[string]string{}
	for name, content := range contents {
		if bytes.Contains([]byte(".js.css.html"), []byte(filepath.Ext(name))) {
			content = []byte(replacer.Replace(string(content)))
		}
		for _, saying := range sayings {
			if bytes.Contains(content, []byte(saying[0])) {
				said[saying[0]] = true
				content = bytes.ReplaceAll(content, []byte(saying[0]), []byte(saying[1]))
			}
		}
		if name == "sw.js" {
			said["version"] = workerVersion.Match(content)
			content = workerVersion.ReplaceAll(content, []byte("tasktide-newer"))
		}
		to := name
		if strings.HasPrefix(name, "assets/") {
			to = renamed(name)
			replaced[filepath.Join(dist, name)] = "" // it is gone
		}
		path := filepath.Join(dir, filepath.FromSlash(to))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o600)); err != nil {
			return nil, err
		}
		replaced[filepath.Join(dist, to)] = path
	}
	if len(said) != len(sayings)+1 || !said["version"] {
		return nil, fmt.Errorf("of the page only %v could be made another version: its words or its service worker were changed", said)
	}
	return replaced, nil
}

// renamed is the name with another hash.
func renamed(name string) string {
	ext := filepath.Ext(name)
	return strings.TrimSuffix(name, ext) + "N" + ext
}

func writeJSON(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
