package boot

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// setting is one variable, read off the tags of Config.
type setting struct {
	name   string
	secret bool
	index  int
}

func settings() []setting {
	var out []setting
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("env"); name != "" && name != "-" {
			out = append(out, setting{name: name, secret: t.Field(i).Tag.Get("secret") == "true", index: i})
		}
	}
	return out
}

// variableOf is the variable of a field of Config.
func variableOf(field string) string {
	f, _ := reflect.TypeFor[Config]().FieldByName(field)
	return f.Tag.Get("env")
}

// example says what a value of type t looks like.
func example(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Interval]():
		return "a time with its unit, such as 25s, or a number of seconds"
	case t == reflect.TypeFor[time.Duration]():
		return "a time with its unit, such as 10s"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a whole number"
}

func known(name string) bool {
	return slices.ContainsFunc(settings(), func(s setting) bool {
		return name == s.name || s.secret && name == s.name+"_FILE"
	})
}

// Lines prints what is in force, a NAME=value a line, secrets hidden.
func (c *Config) Lines() []string {
	var out []string
	v := reflect.ValueOf(*c)
	for _, s := range settings() {
		value := fmt.Sprint(v.Field(s.index).Interface())
		if list, ok := v.Field(s.index).Interface().([]string); ok {
			value = strings.Join(list, ",")
		}
		if s.secret && value != "" {
			value = "(set, hidden)"
		}
		out = append(out, s.name+"="+value)
	}
	return append(out, c.otelLines()...)
}

// otelLines are OpenTelemetry's variables that are set; headers carry keys.
func (c *Config) otelLines() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.otel)) {
		value := c.otel[name]
		if strings.HasSuffix(name, "_HEADERS") {
			value = "(set, hidden)"
		}
		out = append(out, name+"="+value)
	}
	return out
}

// others are names that platforms set for the processes they start, and that are
// close to ours: dapr run and daprd's injector use these.
func others(name string) bool {
	return slices.Contains([]string{"APP_PORT", "APP_HOST", "APP_ID"}, name)
}

// suggestion is " (did you mean X?)" for a name that is one or two slips away from
// a setting, else "". Short names and others' variables are left alone.
func suggestion(name string) string {
	if len(name) < 7 || others(name) {
		return ""
	}
	for _, s := range settings() {
		if len(s.name) < 7 {
			continue
		}
		if d := distance(strings.ToUpper(name), s.name); d > 0 && d <= 2 {
			return fmt.Sprintf(" (did you mean %s?)", s.name)
		}
	}
	return ""
}

// distance is Levenshtein's with neighbours that swapped places counted as one.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
