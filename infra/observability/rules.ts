import { alertingRule, alerts, cloudAlerts } from './alerts.ts';
import { objectiveRules, objectives } from './objectives.ts';
import type { RuleGroup } from './prometheus.ts';

/** All rules on the metrics of one namespace. Recorded first, so that the alerts see what is of the same minute. */
export const ruleGroups = (runbooks: string): RuleGroup[] => [
  ...objectives.map(objective => ({
    name: `objective-${objective.name}`,
    interval: '30s',
    rules: objectiveRules(objective),
  })),
  { name: 'alerts', interval: '30s', rules: alerts.map(alert => alertingRule(alert, runbooks)) },
];

export const cloudRuleGroups = (runbooks: string): RuleGroup[] => [
  { name: 'cloud-alerts', interval: '5m', rules: cloudAlerts.map(alert => alertingRule(alert, runbooks)) },
];
