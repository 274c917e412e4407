package kubelet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// Manifest is what the chart says of one Deployment.
type Manifest struct {
	Name           string
	Replicas       int
	MaxSurge       int
	MaxUnavailable int
	Grace          time.Duration
	App            Container
	Sidecar        *Container // nil: none is injected
	Native         bool       // the sidecar is an init container that is restarted: it ends last
}

// Container is one of a pod.
type Container struct {
	Name                         string
	Args                         []string
	Env                          map[string]string    // those with a value
	Secrets                      map[string]SecretKey // those that come from a secret
	PreStop                      time.Duration
	Startup, Liveness, Readiness *Probe
}

// SecretKey is where in the secrets a variable is.
type SecretKey struct {
	Name, Key string
	Optional  bool
}

// Job runs one container after the other, to its end.
type Job struct {
	Name       string
	Containers []*Container
}

// Chart is what the chart makes.
type Chart struct {
	Deployments map[string]*Manifest
	Setup       *Job // before the pods
}

// Probe is a question to a container. Nil is none, which is always answered well.
type Probe struct {
	Path                      string // empty: a connection is enough
	InitialDelay              time.Duration
	Period, Timeout           time.Duration
	Successes, FailuresToFail int
}

// Arg is the value of one of the container's flags.
func (c *Container) Arg(flag string) (string, error) {
	i := slices.Index(c.Args, flag)
	if i < 0 || i+1 == len(c.Args) {
		return "", fmt.Errorf("%s has no %s: %v", c.Name, flag, c.Args)
	}
	return c.Args[i+1], nil
}

// Render is the whole chart with these values (as of --set).
func Render(ctx context.Context, sets ...string) (*Chart, error) {
	root, err := cluster.Root()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"run", "./deployments"}, sets...)...)
	cmd.Dir = filepath.Join(root, "test", "deploy")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("render the chart: %w\n%s", err, stderr.String())
	}
	return decode(out)
}

// deployment is what is read of Kubernetes' type.
type deployment struct {
	Metadata struct{ Name string }
	Spec     struct {
		Replicas        *int
		MinReadySeconds int
		Strategy        struct {
			Type          string
			RollingUpdate struct{ MaxSurge, MaxUnavailable *int } // a percentage is an error here
		}
		Template struct {
			Spec struct {
				TerminationGracePeriodSeconds *int
				Containers, InitContainers    []container
			}
		}
	}
}

type container struct {
	Name          string
	Args          []string
	RestartPolicy string
	Env           []struct {
		Name, Value string
		ValueFrom   *struct{ SecretKeyRef *SecretKey }
	}
	Lifecycle struct {
		PreStop *struct{ Sleep *struct{ Seconds int } }
	}
	StartupProbe, LivenessProbe, ReadinessProbe *probe
}

type probe struct {
	HTTPGet                                                                                *struct{ Path string }
	TCPSocket                                                                              *struct{}
	InitialDelaySeconds, PeriodSeconds, TimeoutSeconds, SuccessThreshold, FailureThreshold int
}

// job is what is read of Kubernetes' type.
type job struct {
	Metadata struct{ Name string }
	Spec     struct {
		Template struct {
			Spec struct{ InitContainers, Containers []container }
		}
	}
}

func decode(b []byte) (*Chart, error) {
	var all struct {
		Deployments []deployment
		Jobs        []job
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("the rendered Deployments and Jobs: %w", err)
	}
	out := &Chart{Deployments: map[string]*Manifest{}}
	for _, d := range all.Deployments {
		m, err := d.manifest()
		if err != nil {
			return nil, fmt.Errorf("the Deployment %s: %w", d.Metadata.Name, err)
		}
		out.Deployments[m.Name] = m
	}
	if len(all.Jobs) != 1 {
		return nil, fmt.Errorf("the chart has %d Jobs, one is known here", len(all.Jobs))
	}
	var err error
	out.Setup, err = all.Jobs[0].read()
	return out, err
}

func (j *job) read() (*Job, error) {
	out, pod := &Job{Name: j.Metadata.Name}, j.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		return nil, fmt.Errorf("the Job %s has %d containers at once", out.Name, len(pod.Containers))
	}
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		read, err := c.read()
		if err != nil {
			return nil, fmt.Errorf("%s of the Job %s: %w", c.Name, out.Name, err)
		}
		out.Containers = append(out.Containers, read)
	}
	return out, nil
}

func (d *deployment) manifest() (*Manifest, error) {
	s, pod := d.Spec, d.Spec.Template.Spec
	u := s.Strategy.RollingUpdate
	switch {
	case s.Replicas == nil || pod.TerminationGracePeriodSeconds == nil || len(pod.Containers) == 0:
		return nil, fmt.Errorf("replicas, terminationGracePeriodSeconds and containers are needed")
	case s.Strategy.Type != "RollingUpdate" || u.MaxSurge == nil || u.MaxUnavailable == nil || s.MinReadySeconds != 0:
		return nil, fmt.Errorf("its strategy %+v, minReadySeconds %d is none that is known here", s.Strategy, s.MinReadySeconds)
	}
	m := &Manifest{Name: d.Metadata.Name, Replicas: *s.Replicas, MaxSurge: *u.MaxSurge, MaxUnavailable: *u.MaxUnavailable, Grace: seconds(*pod.TerminationGracePeriodSeconds)}
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		read, err := c.read()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		case c.Name == m.Name:
			m.App = *read
		case c.Name == "daprd":
			m.Sidecar, m.Native = read, c.RestartPolicy == "Always"
		default:
			return nil, fmt.Errorf("the container %s is none that is known here", c.Name)
		}
	}
	return m, nil
}

func (c *container) read() (*Container, error) {
	out := &Container{Name: c.Name, Args: c.Args, Env: map[string]string{}, Secrets: map[string]SecretKey{}, Startup: c.StartupProbe.read(), Liveness: c.LivenessProbe.read(), Readiness: c.ReadinessProbe.read()}
	for _, e := range c.Env {
		switch {
		case e.ValueFrom == nil:
			out.Env[e.Name] = e.Value
		case e.ValueFrom.SecretKeyRef != nil:
			out.Secrets[e.Name] = *e.ValueFrom.SecretKeyRef
		}
	}
	if stop := c.Lifecycle.PreStop; stop != nil {
		if stop.Sleep == nil {
			return nil, fmt.Errorf("its preStop is none that is known here")
		}
		out.PreStop = seconds(stop.Sleep.Seconds)
	}
	return out, nil
}

// read fills in what Kubernetes does.
func (p *probe) read() *Probe {
	if p == nil {
		return nil
	}
	out := &Probe{InitialDelay: seconds(p.InitialDelaySeconds), Period: seconds(cmp.Or(p.PeriodSeconds, 10)), Timeout: seconds(cmp.Or(p.TimeoutSeconds, 1)),
		Successes: cmp.Or(p.SuccessThreshold, 1), FailuresToFail: cmp.Or(p.FailureThreshold, 3)}
	if p.HTTPGet != nil {
		out.Path = p.HTTPGet.Path
	}
	return out
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func (m *Manifest) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d pods, surge %d, unavailable %d, grace %s, preStop %s", m.Name, m.Replicas, m.MaxSurge, m.MaxUnavailable, m.Grace, m.App.PreStop)
	if m.Sidecar != nil {
		fmt.Fprintf(&b, ", sidecar (native: %t)", m.Native)
	}
	return b.String()
}
