package cluster

import "testing"

func TestAPortIsGivenOnceThoughNobodyListensOnIt(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 300 { // of 17,000: by chance alone about two would come again
		ports, err := FreePorts(2)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ports {
			if seen[p] {
				t.Fatalf("port %d was given twice", p)
			}
			seen[p] = true
		}
	}
}
