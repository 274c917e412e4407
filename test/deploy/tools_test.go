package deploy

import (
	_ "github.com/compose-spec/compose-go/v2/cli"
	_ "github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	_ "github.com/moby/buildkit/frontend/dockerfile/linter"
	_ "sigs.k8s.io/kustomize/api/krusty"
)
