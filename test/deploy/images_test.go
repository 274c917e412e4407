package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

const dockerfile = root + "/deploy/docker/Dockerfile"

// images are those that become images: each folder of apps/ with a main package, and the gateway.
func images(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(root + "/apps/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range mains {
		names = append(names, filepath.Base(filepath.Dir(m)))
	}
	if !slices.Contains(names, "frontend") {
		names = append(names, "frontend")
	}
	return names
}

// known answers for the images that a build starts from, which are not fetched here.
type known struct{ asked []string }

func (k *known) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	k.asked = append(k.asked, ref)
	config, err := json.Marshal(ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}, RootFS: ocispecs.RootFS{Type: "layers"}})
	return ref, digest.FromBytes(config), config, err
}

// TestEveryImage has BuildKit's own frontend convert the Dockerfile, for each app and platform, and looks at what the image would
// be. Its linter has nothing to say.
func TestEveryImage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range append(images(t), "") {
		for _, arch := range []string{"amd64", "arm64"} {
			bases := &known{}
			o := dockerfile2llb.ConvertOpt{
				Config:         dockerui.Config{BuildArgs: map[string]string{"VERSION": "v1", "COMMIT": "c0ffee"}, Target: "", BuildPlatforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}}},
				TargetPlatform: &ocispecs.Platform{OS: "linux", Architecture: arch},
				MetaResolver:   bases,
				Warn: func(rule, description, _, message string, _ []parser.Range) {
					t.Errorf("%s: %s: %s: %s", app, rule, description, message)
				},
			}
			if app != "" {
				o.BuildArgs["APP"] = app
			}
			r, err := dockerfile2llb.Dockerfile2LLB(t.Context(), text, o)
			if err != nil {
				t.Errorf("APP=%s for %s: %v", app, arch, err)
				continue
			}
			c := r.Image.Config
			if c.User != "65532:65532" {
				t.Errorf("%s runs as %q", app, c.User)
			}
			if fmt.Sprint(c.Entrypoint) != "[/app]" || c.Healthcheck == nil || fmt.Sprint(c.Healthcheck.Test) != "[CMD /app health]" {
				t.Errorf("%s starts %v, is asked by %v", app, c.Entrypoint, c.Healthcheck)
			}
			serves := app == "tasktide" || app == ""
			if (fmt.Sprint(c.Cmd) == "[serve]") != serves || (len(c.Volumes) == 1) != serves {
				t.Errorf("%s: arguments %v, volumes %v", app, c.Cmd, c.Volumes)
			}
			if !slices.Contains(c.Env, "API_HOST=0.0.0.0") {
				t.Errorf("%s: %v", app, c.Env)
			}
			if r.Image.Architecture != arch || c.Labels["org.opencontainers.image.revision"] != "c0ffee" {
				t.Errorf("%s: for %s, labels %v", app, r.Image.Architecture, c.Labels)
			}
			for _, b := range bases.asked {
				if !strings.Contains(b, "library/node:22-alpine") && !strings.Contains(b, "library/golang:1.26-alpine") {
					t.Errorf("%s is made of %s", app, b)
				}
			}
		}
	}
}

// TestAnImageHasNothingButTheBinary: what it is, is copied into an empty one; no command ran in it, so that it has no shell.
func TestAnImageHasNothingButTheBinary(t *testing.T) {
	t.Parallel()
	f, err := os.Open(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	parsed, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := map[string]bool{"scratch": true}
	for _, s := range stages {
		if !empty[s.BaseName] {
			continue
		}
		empty[s.Name] = true
		for _, command := range s.Commands {
			if command.Name() == "RUN" || command.Name() == "ADD" {
				t.Errorf("%s: %s", s.Name, command)
			}
		}
	}
	for _, app := range images(t) {
		if !empty[app] {
			t.Errorf("there is no stage %s of nothing", app)
		}
	}
	if last := stages[len(stages)-1]; last.BaseName != "${APP}" {
		t.Errorf("the last stage is %s", last.BaseName)
	}
}

// TestTheContextHasWhatTheBuildNeeds: every file of every package that an app is built of passes Dockerfile.dockerignore, and
// neither secrets nor what was built on the way here do.
func TestTheContextHasWhatTheBuildNeeds(t *testing.T) {
	t.Parallel()
	f, err := os.Open(dockerfile + ".dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	ignored := func(file string) bool {
		no, err := m.MatchesOrParentMatches(file)
		if err != nil {
			t.Fatal(err)
		}
		return no
	}
	for _, file := range sources(t) {
		if ignored(file) && !strings.HasPrefix(file, "apps/frontend/web/dist/") {
			t.Errorf("%s is left out and needed", file)
		}
	}
	for _, file := range []string{".git/config", ".tools/bin/daprd", ".cluster/dapr/jwt-secret", "data/tasktide.db", "bin/tasktide", "apps/frontend/web/node_modules/x/y.js", "test/e2e/doc.go"} {
		if !ignored(file) {
			t.Errorf("%s is sent to the builder", file)
		}
	}
}
