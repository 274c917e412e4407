// Command notification-service runs that service as a process of its own; TRANSPORT is kafka or dapr.
package main

import (
	"os"

	"github.com/tasktide/tasktide/apps/internal/boot"
	"github.com/tasktide/tasktide/core/domain"
)

func main() { os.Exit(boot.Main(domain.NotificationService, boot.NotificationService())) }
