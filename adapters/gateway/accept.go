package gateway

import (
	"strconv"
	"strings"
)

// coding chooses one of the offered content codings for a client by its Accept-Encoding,
// of equal ones the first; "" is none.
func coding(accepted []string, offered ...string) string {
	weights := map[string]float64{}
	for _, line := range accepted {
		for part := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(part, ";")
			weight := 1.0
			if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); ok {
				weight, _ = strconv.ParseFloat(q, 64)
			}
			weights[strings.ToLower(strings.TrimSpace(name))] = weight
		}
	}
	best, most := "", 0.0
	for _, name := range offered {
		weight, named := weights[name]
		if !named {
			weight = weights["*"]
		}
		if weight > most {
			best, most = name, weight
		}
	}
	return best
}
