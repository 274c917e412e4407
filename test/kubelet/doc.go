// Package kubelet does on one machine, with processes, what Kubernetes does with the pods of a Deployment: it starts them, asks
// their probes, brings connections to those that are ready, replaces one after the other, and ends them with the signals and
// times of their manifests. What it knows comes from the chart, rendered by Helm's engine and put through Dapr's injector.
//
// What holds here as it does there:
//
//   - A container's startup probe goes first; then readiness decides, all the time, whether the pod gets connections, and liveness
//     whether the container goes on. The pod is ready when all its containers are.
//   - A Service brings a new connection to one of the ready pods. A connection that is there stays where it is: it ends when
//     one of its sides ends it. The news that a pod comes or goes takes a while to arrive,
//     and arrives with all that was before.
//   - The end of a pod begins for all containers at the same moment: each has its own preStop, and gets SIGTERM after that. daprd
//     has no preStop. A native sidecar gets SIGTERM when the others have ended. What is left after the grace period is killed.
//   - A Deployment has never more pods than replicas and surge, and never fewer ready ones than replicas less unavailable; pods
//     that are ending count no more.
//   - A container gets the keys of Secrets that its manifest names, as they are when it starts, and does not start without one that must be
//     there. A sidecar reads those of its components itself, of the API server. A Job's containers run one after the other.
//
// What is not here: scheduling, images, memory limits, a restart by liveness (it is an error here), networks between nodes.
package kubelet
