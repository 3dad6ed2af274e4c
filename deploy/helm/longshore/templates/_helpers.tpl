{{/* Labels by which pods of a role are chosen. */}}
{{- define "longshore.selector" -}}
app.kubernetes.io/name: longshore
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "longshore.labels" -}}
app.kubernetes.io/name: longshore
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "longshore.image" -}}
{{- with .Values.image -}}
{{- $repository := required "image.repository: expected the image of your service, e.g. registry.example.org/my-service" .repository -}}
{{- if .digest }}{{ $repository }}@{{ .digest }}{{ else }}{{ $repository }}:{{ .tag }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The settings of the ConfigMap, a line each. An ingress brings its own. */}}
{{- define "longshore.settings" -}}
{{- $settings := dict -}}
{{- with .Values.ingress }}{{ if .enabled -}}
{{- $_ := set $settings "TRUST_PROXY" "true" -}}
{{- $_ := set $settings "PUBLIC_URL" (printf "%s://%s" (ternary "https" "http" (ne .tlsSecret "")) .host) -}}
{{- end }}{{ end -}}
{{- range $name, $value := .Values.settings -}}
{{- /* A whole number as it is written, not as 1e+06. */ -}}
{{- $isWhole := and (kindIs "float64" $value) (eq (floor $value) (toString $value | float64)) -}}
{{- $_ := set $settings $name (ternary (printf "%.0f" (toString $value | float64)) (toString $value) $isWhole) -}}
{{- end -}}
{{- range $name, $value := $settings }}{{ $name }}: {{ $value | quote }}
{{ end -}}
{{- end }}

{{/* Seconds from the kubelet's wish to stop a pod to its patience's end: what the service may take, and a margin. */}}
{{- define "longshore.graceSeconds" -}}
{{- $shutdown := .root.Values.settings.SHUTDOWN_GRACE_SECONDS | default 30 | int -}}
{{- if hasKey .root.Values.settings "SHUTDOWN_GRACE_SECONDS" }}{{ $shutdown = int .root.Values.settings.SHUTDOWN_GRACE_SECONDS }}{{ end -}}
{{- $abort := .root.Values.settings.ABORT_GRACE_SECONDS | default 10 | int -}}
{{- add (.values.preStopSeconds | default 0 | int) $shutdown $abort (int .root.Values.graceMarginSeconds) -}}
{{- end }}

{{- define "longshore.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "longshore.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* The files of the secret settings that are named; all of them, or those in `only`. */}}
{{- define "longshore.secretsVolume" -}}
name: secrets
projected:
  # 0440: for the group of the pod.
  defaultMode: 288
  sources:
    {{- $only := .only }}
    {{- range $setting, $at := .root.Values.secrets }}
    {{- if or (not $only) (has $setting $only) }}
    - secret:
        name: {{ $at.name | quote }}
        items: [{ key: {{ $at.key | quote }}, path: {{ $setting }} }]
    {{- end }}
    {{- end }}
{{- end }}

{{- define "longshore.secretsEnv" -}}
{{- $only := .only }}
{{- range $setting, $at := .root.Values.secrets }}
{{- if or (not $only) (has $setting $only) }}
- { name: {{ $setting }}_FILE, value: /run/secrets/longshore/{{ $setting }} }
{{- end }}
{{- end }}
{{- end }}

{{/* The Deployment of a role. */}}
{{- define "longshore.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .root.Release.Name }}-{{ .role }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "longshore.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  {{- if not .scaled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      {{- include "longshore.selector" . | nindent 6 }}
  strategy:
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  template:
    metadata:
      labels:
        {{- include "longshore.selector" . | nindent 8 }}
      annotations:
        # Pods are replaced when a setting changes. When a Secret changes they are not: kubectl rollout restart.
        longshore/settings-checksum: {{ include "longshore.settings" .root | sha256sum }}
        {{- with .values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ .root.Release.Name | quote }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "longshore.podSecurity" . | nindent 8 }}
      # Longer than a stop can take, so that running jobs are handed back and not cut off.
      terminationGracePeriodSeconds: {{ include "longshore.graceSeconds" . }}
      topologySpreadConstraints:
        {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "longshore.selector" $ | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: longshore
          image: {{ include "longshore.image" .root | quote }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          envFrom:
            - configMapRef: { name: {{ .root.Release.Name | quote }} }
          env:
            - { name: ROLE, value: {{ .role }} }
            - { name: HOST, value: 0.0.0.0 }
            - { name: PORT, value: '8000' }
            - { name: DATA_DIR, value: /data }
            - { name: MIGRATE_ON_START, value: {{ not .root.Values.migration.enabled | quote }} }
            {{- if and (eq .role "worker") (hasSuffix "Gi" .values.scratchSize) (not (hasKey .root.Values.settings "WORKER_SCRATCH_GB")) }}
            # The disk itself does not tell its limit.
            - { name: WORKER_SCRATCH_GB, value: {{ trimSuffix "Gi" .values.scratchSize | quote }} }
            {{- end }}
            {{- include "longshore.secretsEnv" . | nindent 12 }}
          ports:
            - { name: http, containerPort: 8000 }
          # It listens once the engine, the store and the processor have started.
          startupProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 5
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          {{- with .values.preStopSeconds }}
          # Proxies need a moment to hear that the pod is leaving.
          lifecycle:
            preStop:
              sleep: { seconds: {{ . }} }
          {{- end }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            {{- include "longshore.containerSecurity" . | nindent 12 }}
          volumeMounts:
            - { name: data, mountPath: /data }
            - { name: tmp, mountPath: /tmp }
            - { name: secrets, mountPath: /run/secrets/longshore, readOnly: true }
      volumes:
        - name: data
          emptyDir: { sizeLimit: {{ .values.scratchSize }} }
        - name: tmp
          emptyDir: { sizeLimit: 1Gi }
        - {{- include "longshore.secretsVolume" . | nindent 10 }}
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{/* A budget for the disruptions of a role. */}}
{{- define "longshore.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .root.Release.Name }}-{{ .role }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "longshore.labels" .root | nindent 4 }}
spec:
  maxUnavailable: {{ .root.Values.podDisruptionBudget.maxUnavailable }}
  # A pod that is not ready is no reason to hold a node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "longshore.selector" . | nindent 6 }}
{{- end }}

{{/* Who may reach the pods of a role, and where they may go. */}}
{{- define "longshore.network" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .root.Release.Name }}-{{ .role }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "longshore.labels" .root | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "longshore.selector" . | nindent 6 }}
  policyTypes: [Ingress{{ if .root.Values.networkPolicy.egress }}, Egress{{ end }}]
  {{- if or .from .open }}
  ingress:
    - ports: [{ port: http }]
      {{- with .from }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- else }}
  # Nobody reads their metrics, and but for the kubelet nobody else has business with them.
  ingress: []
  {{- end }}
  {{- with .root.Values.networkPolicy.egress }}
  egress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* A HorizontalPodAutoscaler of a role on processor time. */}}
{{- define "longshore.cpuScaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .root.Release.Name }}-{{ .role }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "longshore.labels" .root | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ .root.Release.Name }}-{{ .role }} }
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ .values.autoscaling.cpuPercent }} }
{{- end }}
