{{- define "service.setupContainer" -}}
{{- $v := .ctx.v -}}
image: {{ include "service.image" (dict "v" $v "root" .ctx.root "repository" $v.setup.image.repository "noDigest" true) | quote }}
imagePullPolicy: {{ $v.image.pullPolicy }}
args: {{ toJson .args }}
securityContext:
  {{- include "service.containerSecurity" $v | nindent 2 }}
env:
  - name: TRANSPORT
    value: kafka
  - name: LOG_FORMAT
    value: {{ $v.settings.LOG_FORMAT }}
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {{ $v.secret.private | default $v.secret.name }}
        key: DATABASE_URL
  {{- range get . "roles" | default list }}
  - name: {{ .key }}
    valueFrom:
      secretKeyRef:
        name: {{ .secret }}
        key: {{ .key }}
        optional: {{ .optional }}
  {{- end }}
  {{- include "service.kafkaEnv" .ctx | nindent 2 }}
{{- if $v.kafka.tls.secretName }}
volumeMounts:
  {{- include "service.kafkaMount" .ctx | trim | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
resources:
  requests:
    cpu: 50m
    memory: 64Mi
  limits:
    memory: 256Mi
{{- end -}}
