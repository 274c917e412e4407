// Command frontend serves the web page, and is the gateway through which it and every other client reach the services.
package main

import (
	"os"

	"github.com/tasktide/tasktide/apps/internal/boot"
)

func main() { os.Exit(boot.MainFrontend()) }
