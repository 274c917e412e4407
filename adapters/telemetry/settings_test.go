package telemetry

import (
	"strings"
	"testing"
)

func TestTracesAreSentWhenAnEndpointOrAnExporterIsSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		s    Settings
		want bool
	}{
		{"nothing is set", Settings{}, false},
		{"an endpoint", Settings{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true},
		{"an endpoint of traces", Settings{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, true},
		{"an exporter alone", Settings{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		{"no exporter", Settings{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, false},
		{"switched off", Settings{"OTEL_SDK_DISABLED": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, false},
		{"something else of OpenTelemetry", Settings{"OTEL_SERVICE_NAME": "x", "OTEL_METRICS_EXPORTER": "otlp"}, false},
	} {
		if got := c.s.Enabled(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWrongSettingsAreNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, c := range []struct {
		s    Settings
		want []string // "" is fine
	}{
		{Settings{endpoint: "http://127.0.0.1:4318"}, nil},
		{Settings{endpoint: "https://c/x", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, nil},
		{Settings{endpoint: "collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, nil},
		{Settings{endpoint: "collector:4317"}, []string{endpoint, "such as http://"}},
		{Settings{endpoint: "ftp://c"}, []string{endpoint, `"ftp://c"`}},
		{Settings{"OTEL_TRACES_EXPORTER": "zipkin"}, []string{"OTEL_TRACES_EXPORTER", "otlp, none"}},
		{Settings{endpoint: "http://c", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf, grpc"}},
		{Settings{endpoint: "http://c", "OTEL_TRACES_SAMPLER": "sometimes"}, []string{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}},
		{Settings{endpoint: "http://c", "OTEL_TRACES_SAMPLER_ARG": "10%"}, []string{"OTEL_TRACES_SAMPLER_ARG", "from 0 to 1"}},
		{Settings{"OTEL_TRACES_EXPORTER": "none", endpoint: "nonsense"}, nil}, // nobody looks at it
	} {
		err := c.s.Validate()
		if (err != nil) != (len(c.want) > 0) {
			t.Errorf("%v: %v", c.s, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %q does not say %q", c.s, err, want)
			}
		}
	}
}
