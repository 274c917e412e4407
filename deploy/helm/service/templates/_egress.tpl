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

{{/* Brokers and database, for services and for the setup job. */}}
{{- define "service.storesEgress" -}}
# The brokers.
{{ include "service.egress" (dict "peers" .brokerPeers "ports" .brokerPorts) }}
# The database.
{{ include "service.egress" (dict "peers" .databasePeers "ports" .databasePorts) }}
{{- end -}}
