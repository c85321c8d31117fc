import * as k8s from '@pulumi/kubernetes';
import type { Input, Resource } from '@pulumi/pulumi';
import type { Labels } from './labels.ts';

/**
 * Lets the account of that name see what services/notifier/kubernetes tells of: pods, jobs and nodes that are in trouble,
 * with the last lines of a log. Of all namespaces, as ours depends on what runs in others; with no verb that is not used.
 */
export function clusterWatcher(
  resource: string,
  { name, namespace, labels }: { name: string; namespace: Input<string>; labels: Labels },
  parent: Resource,
): void {
  const metadata = { name: `gocenter-${name}`, labels };
  const role = new k8s.rbac.v1.ClusterRole(
    resource,
    {
      metadata,
      rules: [
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['list', 'watch'] },
        { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list', 'watch'] },
        { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
      ],
    },
    { parent },
  );
  new k8s.rbac.v1.ClusterRoleBinding(
    `${resource}-binding`,
    {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.metadata.name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    { parent },
  );
}
