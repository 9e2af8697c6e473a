package alerts

import "errors"

// kinds are the sinks that a config can ask for. A sink of another package (the store's) is handed to NewDesk.
var kinds = []func(Config) ([]Endpoint, error){
	webhookEndpoints,
	linesEndpoints,
}

// Endpoints returns the endpoints that the config asks for. Webhook secrets are read here; nothing is connected.
func Endpoints(cfg Config) ([]Endpoint, error) {
	var endpoints []Endpoint
	var problems []error
	for _, kind := range kinds {
		some, err := kind(cfg)
		endpoints, problems = append(endpoints, some...), append(problems, err)
	}
	return endpoints, errors.Join(problems...)
}
