import { all, each } from './check.ts';
import { objectPolicy } from './define.ts';

type Rule = { apiGroups?: readonly string[]; resources?: readonly string[]; verbs?: readonly string[] };
const rulesOf = (props: Readonly<Record<string, unknown>>) => props.rules as readonly Rule[] | undefined;
const roleKinds = ['Role', 'ClusterRole'];
/** KEDA scales whatever has a scale subresource, and reads whatever its triggers name. */
const keda = ['keda-*'];

export const rbacWildcards = objectPolicy({
  name: 'rbac-wildcards',
  description: 'Checks that no role grants all verbs, all resources or all API groups.',
  kinds: roleKinds,
  exempt: keda,
  check({ props }, say) {
    each(rulesOf(props), (rule, index) =>
      each(['apiGroups', 'resources', 'verbs'] as const, field => {
        if (rule[field]?.includes('*')) say(`rules[${index}].${field}`, 'is *', 'name each that is needed');
      }),
    );
  },
});

export const rbacEscalation = objectPolicy({
  name: 'rbac-escalation',
  description: 'Checks that no role lets its holder become more than it is, or read all secrets of the cluster.',
  kinds: roleKinds,
  exempt: keda,
  check({ kind, props }, say) {
    each(rulesOf(props), (rule, index) => {
      const verbs = rule.verbs ?? [];
      const resources = rule.resources ?? [];
      const raising = verbs.find(verb => ['escalate', 'bind', 'impersonate'].includes(verb));
      if (raising) say(`rules[${index}].verbs`, `${raising} gives rights that it has not`, 'leave it out');
      const entering = resources.find(name => ['pods/exec', 'pods/attach', 'serviceaccounts/token'].includes(name));
      if (entering) say(`rules[${index}].resources`, `${entering} leads to the rights of others`, 'leave it out');
      if (
        kind === 'ClusterRole' &&
        resources.includes('secrets') &&
        verbs.some(verb => /^(get|list|watch|\*)$/.test(verb))
      ) {
        say(
          `rules[${index}].resources`,
          'the secrets of all namespaces can be read',
          'use a Role in the one namespace',
        );
      }
    });
  },
});

export const rbacBindings = objectPolicy({
  name: 'rbac-bindings',
  description: 'Checks that nobody is bound to cluster-admin, and no role to everybody.',
  kinds: ['RoleBinding', 'ClusterRoleBinding'],
  check({ props }, say) {
    const { roleRef, subjects } = props as { roleRef?: { name?: string }; subjects?: readonly { name?: string }[] };
    all(
      () => {
        if (/^(cluster-admin|admin|edit)$/.test(roleRef?.name ?? '')) {
          say('roleRef.name', `${roleRef?.name} may do nearly everything`, 'write a role with what is needed');
        }
      },
      () =>
        each(subjects, ({ name }, index) => {
          if (!/^system:(anonymous|unauthenticated|authenticated|masters)$/.test(name ?? '')) return;
          say(`subjects[${index}].name`, `${name} is everybody`, 'name a service account or a group');
        }),
    );
  },
});
