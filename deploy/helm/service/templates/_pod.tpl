{{/* The annotations that Dapr's injector reads. */}}
{{- define "service.daprAnnotations" -}}
dapr.io/enabled: "true"
dapr.io/app-id: {{ .name | quote }}
dapr.io/app-port: {{ .dapr.appPort | quote }}
dapr.io/app-protocol: "grpc"
dapr.io/log-level: {{ .dapr.logLevel | quote }}
dapr.io/enable-api-logging: {{ .dapr.apiLogging | quote }}
dapr.io/log-as-json: {{ .dapr.logAsJson | quote }}
dapr.io/enable-app-health-check: "true"
dapr.io/app-health-check-path: {{ .dapr.health.path | quote }}
dapr.io/app-health-probe-interval: {{ .dapr.health.intervalSeconds | quote }}
dapr.io/app-health-probe-timeout: {{ .dapr.health.timeoutMilliseconds | quote }}
dapr.io/app-health-threshold: {{ .dapr.health.threshold | quote }}
dapr.io/config: {{ .dapr.config | quote }}
dapr.io/sidecar-cpu-limit: {{ .dapr.resources.cpuLimit | quote }}
dapr.io/sidecar-memory-limit: {{ .dapr.resources.memoryLimit | quote }}
dapr.io/sidecar-cpu-request: {{ .dapr.resources.cpuRequest | quote }}
dapr.io/sidecar-memory-request: {{ .dapr.resources.memoryRequest | quote }}
dapr.io/graceful-shutdown-seconds: {{ .dapr.gracefulShutdownSeconds | quote }}
{{- if not .dapr.nativeSidecar }}
dapr.io/block-shutdown-duration: "{{ .dapr.blockShutdownSeconds }}s"
{{- end }}
dapr.io/app-token-secret: {{ .secret.name | quote }}
{{- with .dapr.apiTokenSecret }}
dapr.io/api-token-secret: {{ . | quote }}
{{- end }}
dapr.io/sidecar-seccomp-profile-type: "RuntimeDefault"
# Secrets come through the component secretstore and the service's own account, not through the store that daprd has built in.
dapr.io/disable-builtin-k8s-secret-store: "true"
{{- if .dapr.nativeSidecar }}
dapr.io/enable-native-sidecar: "true"
{{- end }}
{{- end -}}

{{- define "service.env" -}}
{{- $v := .v -}}
- name: API_HOST
  value: "0.0.0.0"
- name: API_PORT
  value: {{ $v.port | quote }}
- name: DRAIN_TIMEOUT
  value: "{{ $v.stop.drainSeconds }}s"
{{- if not $v.frontend }}
- name: TRANSPORT
  value: {{ $v.transport }}
{{- include "service.kafkaEnv" . }}
{{- if eq $v.name "backend-api" }}
- name: AUTH
  value: {{ $v.accounts }}
{{- else if and (eq $v.name "websocket-service") (eq $v.accounts "builtin") }}
- name: AUTH
  value: builtin
- name: BETTER_AUTH_URL
  value: {{ (get $v.settings "BETTER_AUTH_URL") | default "http://backend-api:8000" | quote }}
{{- end }}
{{- end }}
{{- if $v.sidecar }}
- name: DAPR_APP_PORT
  value: {{ $v.dapr.appPort | quote }}
- name: APP_API_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ $v.secret.name }}
      key: token
{{- with $v.dapr.apiTokenSecret }}
- name: DAPR_API_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: token
{{- end }}
{{- end }}
{{- range $name, $value := $v.settings }}
{{- if not (and (eq $name "BETTER_AUTH_URL") (eq $v.name "websocket-service") (eq $v.accounts "builtin")) }}
- name: {{ $name }}
  {{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{- /* as every number of a values file: a million would be 1e+06 */}}
  value: {{ $value | int64 | quote }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- range $v.secret.required }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      {{- include "service.secretKey" (dict "v" $v "key" .) | nindent 6 }}
{{- end }}
{{- range $v.secret.optional }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      {{- include "service.secretKey" (dict "v" $v "key" .) | nindent 6 }}
      optional: true
{{- end }}
{{- end -}}

{{/* v and key → where a variable of that name is: in the private secret, when there is one, where the database's address is the service's own. */}}
{{- define "service.secretKey" -}}
{{- $own := and (ne .v.secret.private "") (eq .key "DATABASE_URL") -}}
name: {{ .v.secret.private | default .v.secret.name }}
key: {{ ternary (printf "DATABASE_URL_%s" (.v.name | upper | replace "-" "_")) .key $own }}
{{- end -}}
