package transport

func outages() []testCase { return nil }
