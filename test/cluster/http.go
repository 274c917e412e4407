package cluster

import (
	"context"
	"fmt"
	"net/http"
)

// answers is a readiness attempt: the address answers with a status of success.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		request.Close = true // a kept connection would outlive the server
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("GET %s: %s", url, response.Status)
		}
		return nil
	}
}
