package dapr

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tasktide/tasktide/core/domain"
)

// What our guarantees rest on: another type or version of a component may order, retry and store otherwise (state.postgresql
// v2 has another table).
const (
	pubsubKind = "pubsub.kafka/v1"
	stateKind  = "state.postgresql/v1"
	cronKind   = "bindings.cron/v1"
)

// folders are where the components are, for advice: which of them fits is the installation's choice.
const folders = "deploy/dapr (deploy/dapr-roles, where services have database roles of their own)"

// Components is nil when the sidecar has each component of deploy/dapr that this process uses, in the version that it was
// written for. A sidecar without one calls itself healthy, and every call of it would fail for ever.
func (c *Client) Components(ctx context.Context, s *Server) error {
	api, err := c.dial()
	if err != nil {
		return err
	}
	m, err := api.GetMetadata(ctx)
	if err != nil {
		return refusal(err)
	}
	has := map[string]string{}
	for _, r := range m.RegisteredComponents {
		has[r.Name] = r.Type + "/" + r.Version
	}
	var missing, other []string
	needs := s.needs(c.cfg)
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		switch has[name] {
		case needs[name]:
		case "":
			missing = append(missing, name)
		default:
			other = append(other, fmt.Sprintf("%s is %s and must be %s", name, has[name], needs[name]))
		}
	}
	switch {
	case len(other) > 0:
		return domain.Misconfigured(dependency, "the component "+strings.Join(other, ", ")+": apply "+folders+" of this version, then restart the pod", nil)
	case len(missing) > 0:
		return domain.Misconfigured(dependency, "the sidecar has no component "+strings.Join(missing, ", ")+
			": apply "+folders+" in this namespace (the component's scopes must name this app id), then restart the pod: a sidecar reads them when it starts", nil)
	}
	return nil
}

// needs are the components that are used, by name, as type and version.
func (s *Server) needs(cfg Config) map[string]string {
	needs := map[string]string{cfg.PubSub: pubsubKind}
	sub := s.callbacks.sub
	if len(sub.durable.topics) > 0 {
		needs[cfg.StateStore] = stateKind
	}
	if len(sub.broadcast.topics) > 0 {
		needs[cfg.BroadcastPubSub] = pubsubKind
	}
	for binding := range s.callbacks.ticks {
		needs[binding] = cronKind
	}
	return needs
}

// Known says whether the sidecar shows our APP_API_TOKEN: not when it was refused and never let in. What comes with another
// token after that is somebody else's, as is all that comes where the sidecar has nothing to deliver.
func (s *Server) Known(context.Context) error {
	if s.callbacks.sub.none() && len(s.callbacks.ticks) == 0 || !s.tokens.refused.Load() || s.tokens.accepted.Load() {
		return nil
	}
	return domain.Misconfigured(dependency, wrongAppToken, errors.New("deliveries are refused"))
}

const wrongAppToken = "the sidecar's deliveries are refused, its APP_API_TOKEN is another one than ours: in Kubernetes both are the key token of the secret that dapr.io/app-token-secret names; restart the pod after a change"

// refusal is why the sidecar does not answer a question.
func refusal(err error) error {
	if status.Code(err) == codes.Unauthenticated {
		return domain.Misconfigured(dependency, wrongAPIToken, err)
	}
	return domain.Unavailable(dependency, err)
}
