/** Who answers for a workload and pays for it: a team's name, as a label can hold it. */
export type Owner = string;

/** Kubernetes' recommended labels, with the two that costs and alerts are told apart by. Every object has them. */
export interface Labels {
  'app.kubernetes.io/name': string;
  'app.kubernetes.io/component': string;
  'app.kubernetes.io/part-of': string;
  'app.kubernetes.io/managed-by': string;
  owner: Owner;
  stage: string;
  // A pod's labels are a map to Kubernetes.
  [label: string]: string;
}

export function labels(name: string, component: string, owner: Owner, stage: string): Labels {
  return {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/part-of': 'gocenter',
    'app.kubernetes.io/managed-by': 'pulumi',
    owner,
    stage,
  };
}

/** What selects the pods of a workload. A Deployment's selector can't be changed, so it is as small as can be. */
export const selector = (name: string) => ({ 'app.kubernetes.io/name': name });
