package boot

import (
	"slices"
	"testing"
)

func TestOpenTelemetrysVariablesAreSettingsByTheirNames(t *testing.T) {
	environment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=" + secret, "OTEL_BSP_SCHEDULE_DELAY": ""})
	c, err := Load("", write(t, "settings", "OTEL_EXPORTER_OTLP_ENDPOINT=http://other:4318\nOTEL_TRACES_SAMPLER=traceidratio\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !c.otel.Enabled() || c.otel["OTEL_EXPORTER_OTLP_ENDPOINT"] != "http://127.0.0.1:4318" || c.otel["OTEL_TRACES_SAMPLER"] != "traceidratio" {
		t.Errorf("%v: the environment has more weight than the file", c.otel)
	}
	lines := c.Lines()
	if !slices.Contains(lines, "OTEL_EXPORTER_OTLP_HEADERS=(set, hidden)") || !slices.Contains(lines, "OTEL_TRACES_SAMPLER=traceidratio") {
		t.Errorf("what is in force is printed as %q", lines)
	}
}

func TestWithoutThemNothingIsTraced(t *testing.T) {
	environment(t, nil)
	c, err := Load("", "")
	if err != nil || c.otel.Enabled() {
		t.Errorf("%v, %v", c.otel, err)
	}
}

func TestOneThatIsWrongIsReportedWithTheOthers(t *testing.T) {
	environment(t, map[string]string{"OTEL_TRACES_EXPORTER": "jaeger", "LOG_FORMAT": "xml"})
	_, err := Load("", "")
	says(t, err, `OTEL_TRACES_EXPORTER="jaeger": choose one of otlp, none`, "LOG_FORMAT")
}
