package telemetry

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The protocols of OTEL_EXPORTER_OTLP_PROTOCOL.
const (
	overHTTP = "http/protobuf"
	overGRPC = "grpc"
)

// Settings are OpenTelemetry's variables by their names. The SDK reads those itself that
// are not decided here.
type Settings map[string]string

// Enabled says whether traces are sent: to an endpoint that is set, or when
// OTEL_TRACES_EXPORTER asks for it.
func (s Settings) Enabled() bool {
	if strings.EqualFold(s["OTEL_SDK_DISABLED"], "true") {
		return false
	}
	switch s["OTEL_TRACES_EXPORTER"] {
	case "none":
		return false
	case "":
		return s["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != "" || s["OTEL_EXPORTER_OTLP_ENDPOINT"] != ""
	}
	return true
}

func (s Settings) protocol() string {
	return cmp.Or(s["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"], s["OTEL_EXPORTER_OTLP_PROTOCOL"], overHTTP)
}

// Validate returns all that is wrong with what is needed when traces are sent, joined.
// OpenTelemetry itself would go on with a default and only log.
func (s Settings) Validate() error {
	if !s.Enabled() {
		return nil
	}
	var errs []error
	oneOf := func(name string, choices ...string) {
		if v := s[name]; v != "" && !slices.Contains(choices, v) {
			errs = append(errs, fmt.Errorf("%s=%q: choose one of %s", name, v, strings.Join(choices, ", ")))
		}
	}
	oneOf("OTEL_TRACES_EXPORTER", "otlp", "none")
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		oneOf(name, overHTTP, overGRPC)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		if v := s[name]; v != "" && !s.address(v) {
			errs = append(errs, fmt.Errorf("%s=%q: give the collector's address, such as http://127.0.0.1:4318", name, v))
		}
	}
	oneOf("OTEL_TRACES_SAMPLER", "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")
	if v := s["OTEL_TRACES_SAMPLER_ARG"]; v != "" {
		if share, err := strconv.ParseFloat(v, 64); err != nil || share < 0 || share > 1 {
			errs = append(errs, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG=%q: give the share of traces to keep, from 0 to 1", v))
		}
	}
	return errors.Join(errs...)
}

func (s Settings) address(v string) bool {
	u, err := url.Parse(v)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return true
	}
	return s.protocol() == overGRPC && !strings.Contains(v, "/") && strings.Contains(v, ":") // host:port
}
