{{/* Values that contradict each other end the rendering with a sentence that says what to do. What one value alone can't be is in values.schema.json. */}}
{{- define "service.check" -}}
{{- $v := .v -}}
{{- $s := $v.settings -}}
{{- if not $v.name }}{{ fail "name is empty: install with the values of a service, such as -f values/audit-service.yaml" }}{{ end -}}
{{- if eq $v.secret.private $v.secret.name }}{{ fail (printf "%s: secret.private must be another secret than secret.name %s, which the accounts of all services may read" $v.name $v.secret.name) }}{{ end -}}
{{- if not $v.frontend -}}
  {{- if and (eq $v.transport "kafka") (not $v.kafka.brokers) }}{{ fail (printf "%s: transport kafka needs kafka.brokers (or global.kafka.brokers), such as [redpanda:9093]" $v.name) }}{{ end -}}
  {{- if and $v.kafka.sasl.mechanism (not $v.kafka.sasl.user) }}{{ fail (printf "%s: kafka.sasl.mechanism needs kafka.sasl.user; the password is KAFKA_SASL_PASSWORD in the secret %s" $v.name $v.secret.name) }}{{ end -}}
  {{- if and $v.kafka.sasl.user (not $v.kafka.sasl.mechanism) }}{{ fail (printf "%s: kafka.sasl.user needs kafka.sasl.mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512" $v.name) }}{{ end -}}
  {{- if and (not $v.kafka.tls.enabled) (or $v.kafka.tls.secretName $v.kafka.tls.clientCertificate) }}{{ fail (printf "%s: kafka.tls.secretName and clientCertificate need kafka.tls.enabled: true" $v.name) }}{{ end -}}
  {{- if and $v.kafka.tls.clientCertificate (not $v.kafka.tls.secretName) }}{{ fail (printf "%s: kafka.tls.clientCertificate needs kafka.tls.secretName, a secret with tls.crt and tls.key" $v.name) }}{{ end -}}
  {{- if and $v.setup.enabled (not $v.kafka.brokers) }}{{ fail (printf "%s: the setup job makes the topics and needs kafka.brokers (or global.kafka.brokers); with setup.enabled: false make schema and topics yourself: tasktide migrate up, tasktide topics apply" $v.name) }}{{ end -}}
  {{- if and (eq (get $s "DATABASE_POOLED" | toString) "true") (eq (get $s "MIGRATE_ON_START" | toString) "on") }}{{ fail (printf "%s: settings.DATABASE_POOLED says that DATABASE_URL is a pooler's, and settings.MIGRATE_ON_START: on goes to the database itself: remove one of them" $v.name) }}{{ end -}}
  {{- if and $v.setup.enabled (eq (get $s "DATABASE_POOLED" | toString) "true") (not $v.secret.private) }}{{ fail (printf "%s: settings.DATABASE_POOLED says that DATABASE_URL is a pooler's, and the setup job migrates by it: with secret.private the job has an address of its own, that of the database" $v.name) }}{{ end -}}
  {{- if gt (int $v.replicas) (int $v.kafka.partitions) }}{{ if $v.autoscaling.topics }}{{ fail (printf "%s: %d replicas share %d partitions, so that some would do nothing: lower replicas, or raise kafka.partitions" $v.name (int $v.replicas) (int $v.kafka.partitions)) }}{{ end }}{{ end -}}
{{- end -}}
{{- if eq $v.name "backend-api" -}}
  {{- if and (eq $v.accounts "builtin") (get $s "BETTER_AUTH_URL") }}{{ fail "accounts builtin and settings.BETTER_AUTH_URL contradict each other: the accounts are here, or at the other server (accounts: external)" }}{{ end -}}
  {{- if and (eq $v.accounts "builtin") (not (get $s "PUBLIC_URL")) }}{{ fail "settings.PUBLIC_URL (or global.settings.PUBLIC_URL) is needed with accounts builtin: where people reach the frontend, such as https://tasks.example.org" }}{{ end -}}
  {{- if and (eq $v.accounts "external") (eq (get $s "SIGN_UP") "open") }}{{ fail "settings.SIGN_UP: open is for accounts: builtin; with accounts: external whoever issues the tokens decides who signs up" }}{{ end -}}
{{- end -}}
{{- if $v.frontend -}}
  {{- range $name := list "BACKEND_URL" "WEBSOCKET_URL" }}{{ if not (get $s $name) }}{{ fail (printf "frontend: settings.%s is needed, such as http://backend-api:8000" $name) }}{{ end }}{{ end -}}
  {{- if $v.setup.enabled }}{{ fail "setup.enabled is for backend-api: the frontend has no database" }}{{ end -}}
{{- else if $v.ingress.enabled }}{{ fail (printf "%s: ingress.enabled is for the frontend: the outside world reaches nothing else" $v.name) }}{{ end -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) }}{{ fail "frontend: ingress.enabled needs ingress.host, such as tasks.example.org" }}{{ end -}}
{{- $a := $v.autoscaling -}}
{{- if $a.enabled -}}
  {{- if gt (int $a.minReplicas) (int $a.maxReplicas) }}{{ fail (printf "%s: autoscaling.minReplicas %d is more than maxReplicas %d" $v.name (int $a.minReplicas) (int $a.maxReplicas)) }}{{ end -}}
  {{- if and $a.topics (gt (int $a.maxReplicas) (int $v.kafka.partitions)) }}{{ fail (printf "%s: autoscaling.maxReplicas %d is more than kafka.partitions %d: pods beyond the partitions get nothing" $v.name (int $a.maxReplicas) (int $v.kafka.partitions)) }}{{ end -}}
  {{- if and $a.topics (not $v.kafka.brokers) }}{{ fail (printf "%s: autoscaling by lag asks the brokers and needs kafka.brokers (or global.kafka.brokers)" $v.name) }}{{ end -}}
  {{- if and (gt (int $a.connections) 0) (not $a.prometheus) }}{{ fail (printf "%s: autoscaling by connections needs autoscaling.prometheus, such as http://prometheus.monitoring:9090, or connections: 0" $v.name) }}{{ end -}}
{{- end -}}
{{- include "service.checkStop" $v -}}
{{- end -}}

{{/* The times of a stop fit into each other. Before deliveries are drained, live connections are ended for up to 5 s, and clients that keep theirs leave backend-api within 3 s. */}}
{{- define "service.checkStop" -}}
{{- $live := get (dict "websocket-service" 5 "backend-api" 3) .name | default 0 -}}
{{- $app := add (int .stop.preStopSeconds) (int .stop.drainSeconds) $live -}}
{{- if gt (int (add $app 10)) (int .stop.graceSeconds) }}{{ fail (printf "%s: stop.graceSeconds %d is too short: preStop %d, drain %d and connections %d, and 10 for the rest" .name (int .stop.graceSeconds) (int .stop.preStopSeconds) (int .stop.drainSeconds) $live) }}{{ end -}}
{{- if and .sidecar .dapr.nativeSidecar -}}
  {{- if gt (int (add $app .dapr.gracefulShutdownSeconds 5)) (int .stop.graceSeconds) }}{{ fail (printf "%s: stop.graceSeconds %d is too short: %d s until the application has ended, %d for its sidecar after it, and 5 in reserve" .name (int .stop.graceSeconds) (int $app) (int .dapr.gracefulShutdownSeconds)) }}{{ end -}}
{{- else if .sidecar -}}
  {{- if gt (int $app) (int .dapr.blockShutdownSeconds) }}{{ fail (printf "%s: dapr.blockShutdownSeconds %d is too short: the application drains for up to %d s and needs its sidecar so long" .name (int .dapr.blockShutdownSeconds) (int $app)) }}{{ end -}}
  {{- if gt (int (add .dapr.blockShutdownSeconds .dapr.gracefulShutdownSeconds 5)) (int .stop.graceSeconds) }}{{ fail (printf "%s: stop.graceSeconds %d is too short for the sidecar: %d s with its API open, %d s to end, and 5 in reserve" .name (int .stop.graceSeconds) (int .dapr.blockShutdownSeconds) (int .dapr.gracefulShutdownSeconds)) }}{{ end -}}
{{- end -}}
{{- end -}}
