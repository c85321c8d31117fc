/** Prometheus' rule file, as `promtool check rules` reads it; the custom resources of managed Prometheus have the same. */
export interface RuleGroup {
  name: string;
  interval?: string;
  rules: (RecordingRule | AlertingRule)[];
}

export interface RecordingRule {
  /** level:metric:operations */
  record: string;
  expr: string;
  labels?: Record<string, string>;
}

export interface AlertingRule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: Severity };
  annotations: { summary: string; description: string; runbook_url: string };
}

/** `page`: somebody acts now. `ticket`: somebody acts in the next days. What asks nobody to act is a dashboard's. */
export type Severity = 'page' | 'ticket';

export const isAlert = (rule: RecordingRule | AlertingRule): rule is AlertingRule => 'alert' in rule;
