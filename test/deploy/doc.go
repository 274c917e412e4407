// Package deploy tests what is in deploy/: the charts, rendered by Helm's own engine with every values file and decoded strictly into
// the types of Kubernetes, KEDA, Prometheus' operator and Dapr; the pods, put through Dapr's own injector and the checks of the
// Pod Security Standards; the components, built by kustomize; the Dockerfile and the compose file, read by the libraries of the
// programs that run them. Nothing here needs a cluster or a container engine, and nothing here is a substitute for one:
// docs/deploy.md lists what was never run.
package deploy
