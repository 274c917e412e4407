#!/usr/bin/env bash
# Runs the contract suites on Redpanda: starts it in Docker on a free port of the loopback interface, has the tests use it
# by KAFKA_BROKERS, and removes the container. Arguments go to go test, for instance: -run 'TestKafka$'
# REDPANDA_IMAGE chooses an image, for instance one with a version as its tag.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
image=${REDPANDA_IMAGE:-redpandadata/redpanda:latest}

command -v docker >/dev/null || { echo "docker is missing: install it, or run the suites on Apache Kafka with make contract" >&2; exit 1; }
docker info >/dev/null 2>&1 || { echo "no Docker engine answers: start it, or run the suites on Apache Kafka with make contract" >&2; exit 1; }

free_port() {
	local port
	for _ in $(seq 100); do
		port=$((20000 + RANDOM % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
	echo "no free port found" >&2
	return 1
}

# The address that clients are told must be the one that they can reach: the same port inside and outside.
port=$(free_port)
id=$(docker run -d -p "127.0.0.1:$port:$port" "$image" redpanda start --mode dev-container --smp 1 --memory 1G \
	--kafka-addr "PLAINTEXT://0.0.0.0:$port" --advertise-kafka-addr "PLAINTEXT://127.0.0.1:$port" \
	--set redpanda.auto_create_topics_enabled=false)
trap 'docker rm -f "$id" >/dev/null' EXIT

for _ in $(seq 120); do
	if docker exec "$id" rpk cluster info -X "brokers=127.0.0.1:$port" >/dev/null 2>&1; then
		KAFKA_BROKERS=127.0.0.1:$port "${GO:-go}" test -timeout 14m -p 1 "$@" ./test/contract/...
		exit
	fi
	sleep 0.5
done
docker logs --tail 50 "$id" >&2
echo "Redpanda was not ready within a minute" >&2
exit 1
