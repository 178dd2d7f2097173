{{- define "baykeeper.labels" -}}
app.kubernetes.io/name: baykeeper
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "baykeeper.selector" -}}
app.kubernetes.io/name: baykeeper
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "baykeeper.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What both kinds of pods have in common. */ -}}
{{- define "baykeeper.pod" -}}
terminationGracePeriodSeconds: {{ add 40 .root.Values.api.shutdownDelaySeconds }}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "baykeeper.selector" . | nindent 8 }}
volumes:
  - name: data
    {{- if .root.Values.persistence.existingClaim }}
    persistentVolumeClaim:
      claimName: {{ .root.Values.persistence.existingClaim }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  - name: tmp
    emptyDir: {}
{{- end }}

{{- define "baykeeper.container" -}}
image: {{ include "baykeeper.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
envFrom:
  - configMapRef:
      name: {{ .root.Release.Name }}-settings
  - secretRef:
      name: {{ required "existingSecret is needed: the name of a Secret with DATABASE_URL, REDIS_URL and BAYKEEPER_MASTER_KEY" .root.Values.existingSecret }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: data
    mountPath: /var/lib/baykeeper
  - name: tmp
    mountPath: /tmp
{{- end }}
