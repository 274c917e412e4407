#!/usr/bin/env bash
# Installs everything into the cluster that kubectl points to, as docs/deploy.md says, beside stores of its own, each service with
# a database role of its own; then upgrades it.
# The namespace enforces the restricted Pod Security Standard.
# usage: [TRANSPORT=kafka] deploy/kind/install.sh; needs kubectl, helm and, on Dapr, the dapr command line
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
transport=${TRANSPORT:-dapr}
namespace=todo

kubectl apply -f deploy/kind/stores.yaml
kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply -f -
kubectl label --overwrite namespace "$namespace" pod-security.kubernetes.io/enforce=restricted
address() { echo "postgres://$1:${2:-$(openssl rand -hex 24)}@postgres.default.svc.cluster.local:5432/tasktide?sslmode=disable"; }
kubectl -n "$namespace" get secret app-private >/dev/null 2>&1 || {
	kubectl -n "$namespace" create secret generic app-secrets \
		--from-literal=token="$(openssl rand -hex 32)" --from-literal=DATABASE_URL_STATE_STORE="$(address state_store)"
	kubectl -n "$namespace" create secret generic app-private \
		--from-literal=DATABASE_URL="$(address tasktide for-the-trial-only)" --from-literal=JWT_SECRET="$(openssl rand -base64 48)" \
		--from-literal=DATABASE_URL_BACKEND_API="$(address backend_api)" --from-literal=DATABASE_URL_AUDIT_SERVICE="$(address audit_service)" \
		--from-literal=DATABASE_URL_NOTIFICATION_SERVICE="$(address notification_service)" --from-literal=DATABASE_URL_RECURRING_SERVICE="$(address recurring_service)" \
		--from-literal=DATABASE_URL_WEBSOCKET_SERVICE="$(address websocket_service)"
}
kubectl -n default rollout status deployment/postgres deployment/redpanda --timeout=5m

if [[ $transport == dapr ]]; then
	dapr init --kubernetes --runtime-version 1.18.1 --set dapr_sidecar_injector.sidecarDropALLCapabilities=true --wait --timeout 300
	kubectl apply -k deploy/kind
fi

for _ in install upgrade; do
	helm upgrade --install tasktide deploy/helm/tasktide --namespace "$namespace" --wait --timeout 10m \
		--set "global.transport=$transport" --set global.secret.private=app-private --set global.settings.PUBLIC_URL=http://localhost:3000 \
		--set 'global.kafka.brokers={redpanda.default.svc.cluster.local:9093}' --set frontend.service.type=ClusterIP
done
