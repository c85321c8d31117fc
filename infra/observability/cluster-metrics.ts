/**
 * Metrics that the platform gives, and what gives them: `enableComponents` of the cluster's managed Prometheus, or Cloud
 * Monitoring. Of the many that there are, those that our rules and dashboards use.
 * https://cloud.google.com/kubernetes-engine/docs/how-to/configure-metrics
 */
export const clusterMetrics: Readonly<
  Record<string, 'PROMETHEUS' | 'POD' | 'DEPLOYMENT' | 'HPA' | 'CADVISOR' | 'uptime'>
> = {
  up: 'PROMETHEUS',
  kube_pod_container_status_waiting_reason: 'POD',
  kube_deployment_spec_replicas: 'DEPLOYMENT',
  kube_deployment_status_replicas_available: 'DEPLOYMENT',
  kube_horizontalpodautoscaler_spec_max_replicas: 'HPA',
  kube_horizontalpodautoscaler_status_current_replicas: 'HPA',
  container_cpu_usage_seconds_total: 'CADVISOR',
  container_cpu_cfs_periods_total: 'CADVISOR',
  container_cpu_cfs_throttled_periods_total: 'CADVISOR',
  container_memory_working_set_bytes: 'CADVISOR',
  'monitoring_googleapis_com:uptime_check_check_passed': 'uptime',
  'monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires': 'uptime',
};
