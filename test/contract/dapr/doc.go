// Package dapr runs the contract suites on a real sidecar: adapters/dapr behind
// daprd, with the component files of deploy/dapr, on a real Kafka and a real
// PostgreSQL. What is tested is what is deployed.
package dapr
