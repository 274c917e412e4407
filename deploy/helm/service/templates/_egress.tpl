{{- define "service.egress" -}}
- ports:
    {{- range .ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .peers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The ports of the brokers, as JSON. */}}
{{- define "service.brokerPorts" -}}
{{- $ports := .networkPolicy.brokerPorts -}}
{{- if not $ports -}}
  {{- range .kafka.brokers }}{{ $ports = append $ports (regexFind "[0-9]+$" . | int) }}{{ end -}}
{{- end -}}
{{- toJson (uniq ($ports | default (list 9093))) -}}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "service.portOf" -}}
{{- $port := regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" -}}
{{- $port | default (ternary "443" "80" (hasPrefix "https:" .)) -}}
{{- end -}}

{{/* The ports of an issuer outside, as JSON: those who verify tokens ask it for its keys, and the gateway passes on to it. */}}
{{- define "service.issuerPorts" -}}
{{- $ports := .networkPolicy.issuerPorts -}}
{{- $url := get .settings "BETTER_AUTH_URL" -}}
{{- if and (not $ports) $url (eq .accounts "external") (has .name (list "backend-api" "websocket-service" "frontend")) -}}
  {{- $ports = list (include "service.portOf" $url | int) -}}
{{- end -}}
{{- toJson ($ports | default list) -}}
{{- end -}}

{{/* Brokers and database, for services and for the setup job. */}}
{{- define "service.storesEgress" -}}
# The brokers.
{{ include "service.egress" (dict "peers" .networkPolicy.brokerPeers "ports" (include "service.brokerPorts" . | fromJsonArray)) }}
# The database.
{{ include "service.egress" (dict "peers" .networkPolicy.databasePeers "ports" .networkPolicy.databasePorts) }}
{{- end -}}
