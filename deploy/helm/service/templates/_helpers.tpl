{{/* What is in force: the service's values, with what "global" says for all over them. Settings of the service's own have the last word. */}}
{{- define "service.values" -}}
{{- $v := deepCopy .Values -}}
{{- $global := deepCopy (get .Values "global" | default dict) -}}
{{- $settings := mergeOverwrite (dict "ENVIRONMENT" "production" "LOG_FORMAT" "json") (deepCopy (get $global "settings" | default dict)) ($v.settings | default dict) -}}
{{- if not (get $global "transport") }}{{ $_ := unset $global "transport" }}{{ end -}}
{{- $v = mergeOverwrite $v (omit $global "settings") -}}
{{- $_ := set $v "settings" $settings -}}
{{- $_ := set $v "frontend" (eq $v.name "frontend") -}}
{{- $_ := set $v "sidecar" (and (ne $v.name "frontend") (eq $v.transport "dapr")) -}}
{{- $_ := set $v "servicePort" ($v.service.port | default $v.port) -}}
{{- if not (or $v.autoscaling.topics (gt (int $v.autoscaling.cpuPercent) 0) (gt (int $v.autoscaling.connections) 0)) -}}
{{- /* There is nothing to scale by: replicas are fixed. */ -}}
{{- $_ := set $v.autoscaling "enabled" false -}}
{{- end -}}
{{- toYaml $v -}}
{{- end -}}

{{- define "service.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: tasktide
{{- end -}}

{{- define "service.labels" -}}
{{ include "service.selector" .v }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* image: v, repository and root → the reference */}}
{{- define "service.image" -}}
{{- $name := .repository -}}
{{- with .v.image.registry }}{{ $name = printf "%s/%s" (trimSuffix "/" .) $name }}{{ end -}}
{{- if and .v.image.digest (not (get . "noDigest")) -}}
{{ $name }}@{{ .v.image.digest }}
{{- else -}}
{{ $name }}:{{ .v.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* A pod that satisfies the restricted Pod Security Standard. */}}
{{- define "service.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "service.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* How to reach the brokers, for services and for the setup job. */}}
{{- define "service.kafkaEnv" -}}
{{- $v := .v -}}
{{- with $v.kafka.brokers }}
- name: KAFKA_BROKERS
  value: {{ join "," . | quote }}
{{- end }}
{{- if $v.kafka.tls.enabled }}
- name: KAFKA_TLS
  value: "true"
{{- with $v.kafka.tls.secretName }}
- name: KAFKA_TLS_CA
  value: /etc/kafka-tls/ca.crt
{{- if $v.kafka.tls.clientCertificate }}
- name: KAFKA_TLS_CERT
  value: /etc/kafka-tls/tls.crt
- name: KAFKA_TLS_KEY
  value: /etc/kafka-tls/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- with $v.kafka.sasl.mechanism }}
- name: KAFKA_SASL_MECHANISM
  value: {{ . }}
- name: KAFKA_SASL_USER
  value: {{ $v.kafka.sasl.user | quote }}
- name: KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $v.secret.name }}
      key: KAFKA_SASL_PASSWORD
{{- end }}
{{- end -}}

{{- define "service.kafkaVolume" -}}
{{- with .v.kafka.tls.secretName }}
- name: kafka-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "service.kafkaMount" -}}
{{- if .v.kafka.tls.secretName }}
- name: kafka-tls
  mountPath: /etc/kafka-tls
  readOnly: true
{{- end }}
{{- end -}}
