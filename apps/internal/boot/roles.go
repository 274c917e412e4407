package boot

import (
	"reflect"
	"strings"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// roleVariable is the setting with the address of a part's own database role.
func roleVariable(part string) string {
	return "DATABASE_URL_" + strings.ToUpper(strings.ReplaceAll(part, "-", "_"))
}

// Logins are the addresses of the parts that have one, by sqlstore.Parts.
func (c *Config) Logins() []sqlstore.Login {
	var out []sqlstore.Login
	v := reflect.ValueOf(*c)
	for _, part := range sqlstore.Parts() {
		for _, s := range settings() {
			if url := v.Field(s.index).String(); s.name == roleVariable(part) && url != "" {
				out = append(out, sqlstore.Login{Part: part, URL: url})
			}
		}
	}
	return out
}
