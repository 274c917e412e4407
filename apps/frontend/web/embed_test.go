package web_test

import (
	"os"
	"testing"

	"github.com/tasktide/tasktide/apps/frontend/web"
)

func TestAPageIsThereIffItsIndexWasBuilt(t *testing.T) {
	t.Parallel()
	_, err := os.Stat("dist/index.html")
	if _, there := web.Files(); there != (err == nil) {
		t.Fatalf("Files says %v, dist/index.html: %v", there, err)
	}
}
