#!/usr/bin/env bash
# Builds every image and loads it into a cluster of kind.
# usage: deploy/kind/images.sh [CLUSTER]   (default: tasktide); needs docker and kind
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cluster=${1:-tasktide}
tag=$(sed -n 's/^appVersion: "\(.*\)"/\1/p' deploy/helm/tasktide/Chart.yaml)

for app in tasktide backend-api audit-service notification-service recurring-service websocket-service frontend; do
	image=tasktide-$app:$tag
	if [[ $app == tasktide ]]; then image=tasktide:$tag; fi
	docker build -f deploy/docker/Dockerfile --build-arg "APP=$app" --build-arg "VERSION=$tag" -t "$image" .
	kind load docker-image --name "$cluster" "$image"
done
