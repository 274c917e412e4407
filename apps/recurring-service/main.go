// Command recurring-service runs that service as a process of its own; TRANSPORT is kafka or dapr.
package main

import (
	"os"
	_ "time/tzdata" // time zones, wherever it runs

	"github.com/tasktide/tasktide/apps/internal/boot"
	"github.com/tasktide/tasktide/core/domain"
)

func main() { os.Exit(boot.Main(domain.RecurringService, boot.RecurringService())) }
