#!/usr/bin/env bash
# Makes a task by way of the frontend and waits until audit-service has recorded it: through database, outbox, broker and back.
# usage: deploy/kind/smoke.sh; needs kubectl, curl, jq and Go, and what install.sh has installed
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
namespace=todo url=http://127.0.0.1:3000

JWT_SECRET=$(kubectl -n "$namespace" get secret app-private -o jsonpath='{.data.JWT_SECRET}' | base64 -d)
token=$(JWT_SECRET=$JWT_SECRET go run ./apps/tasktide token --user smoke)
kubectl -n "$namespace" port-forward service/frontend 3000:80 >/dev/null &
forward=$!
trap 'kill "$forward"' EXIT
curl --silent --show-error --fail --retry 30 --retry-delay 1 --retry-all-errors "$url/ready" >/dev/null

task=$(curl --silent --show-error --fail -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
	-d '{"title":"from kind","priority":"high","category":"work"}' "$url/api/smoke/tasks" | jq -r .id)
for _ in $(seq 60); do
	seen=$(curl --silent --show-error --fail -H "Authorization: Bearer $token" "$url/api/smoke/audit?entity_id=$task" | jq length)
	if [[ $seen == 1 ]]; then
		echo "task $task was recorded"
		exit
	fi
	sleep 1
done
echo "task $task was not recorded within a minute" >&2
exit 1
