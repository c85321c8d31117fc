import { each } from './check.ts';
import { objectPolicy, stackPolicy } from './define.ts';
import { isEmpty, type LabelSelector, selects } from './selectors.ts';
import { list } from './settings.ts';

/** Network policies: nothing talks to anything unless somebody has said so. */

type Peer = {
  ipBlock?: { cidr: string; except?: readonly string[] };
  podSelector?: object;
  namespaceSelector?: object;
};
type Policy = {
  podSelector?: LabelSelector;
  policyTypes?: readonly string[];
  ingress?: readonly { from?: readonly Peer[] }[];
  egress?: readonly { to?: readonly Peer[] }[];
};

const specOf = (props: Readonly<Record<string, unknown>>) => props.spec as Policy | undefined;

export const namespaceDefaultDeny = stackPolicy({
  name: 'namespace-default-deny',
  description: 'Checks that every namespace drops all traffic, in and out, that no other policy allows.',
  settings: {
    // The API server calls KEDA's pods from the control plane, whose addresses there are not ours to know.
    exempt: list(['keda', 'artifactory'], 'Namespaces of charts, which have to bring policies of their own.'),
  },
  check(stack, say, { settings }) {
    each(stack.ofKind('Namespace'), namespace => {
      if (settings.exempt.includes(namespace.name)) return;
      const denies = stack.ofKind('NetworkPolicy').some(policy => {
        const spec = specOf(policy.props);
        const types = spec?.policyTypes ?? [];
        if (policy.namespace() !== namespace.name || !isEmpty(spec?.podSelector)) return false;
        return types.includes('Ingress') && types.includes('Egress') && (spec?.ingress ?? []).length === 0;
      });
      if (denies) return;
      const instead = 'declare a NetworkPolicy in it with an empty podSelector and policyTypes [Ingress, Egress]';
      say(namespace, '', 'what no policy selects may talk to everything', instead);
    });
  },
});

export const workloadNetworkPolicy = stackPolicy({
  name: 'workload-network-policy',
  description: 'Checks that every workload has a NetworkPolicy of its own.',
  check(stack, say) {
    const policies = stack.ofKind('NetworkPolicy');
    each(stack.pods(), ({ object, pod }) => {
      const own = policies.some(policy => {
        const selector = specOf(policy.props)?.podSelector;
        return policy.namespace() === object.namespace() && !isEmpty(selector) && selects(selector, pod.labels());
      });
      if (!own)
        say(object, '', 'no NetworkPolicy selects its pods', 'declare one with what talks to it and what it talks to');
    });
  },
});

export const networkPolicyOpen = objectPolicy({
  name: 'network-policy-open',
  description: 'Checks that no NetworkPolicy lets everybody in.',
  kinds: ['NetworkPolicy'],
  check({ props }, say) {
    each(specOf(props)?.ingress, (rule, index) => {
      const path = `spec.ingress[${index}].from`;
      if ((rule.from ?? []).length === 0) say(path, 'is missing, which is everybody', 'name who talks to it');
      each(rule.from, (peer, at) => {
        if (/\/0$/.test(peer.ipBlock?.cidr ?? '')) {
          say(`${path}[${at}].ipBlock.cidr`, `${peer.ipBlock?.cidr} is everybody`, 'name the ranges that talk to it');
        }
      });
    });
  },
});

/** Whoever reaches these from a stranger's page reaches the node's identity and our own network. */
const own = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'];

export const networkPolicyEgress = objectPolicy({
  name: 'network-policy-egress',
  description: 'Checks that only those who must talk to the world do, and then to the world only.',
  kinds: ['NetworkPolicy'],
  settings: {
    // ui-backend where it reads the vulnerability database of the world (VULNDB).
    allowed: list(
      ['processor', 'discovery', 'notifier', 'ui-backend'],
      'Names of the policies that may let their pods out.',
    ),
  },
  check({ props, name }, say, { settings }) {
    each(specOf(props)?.egress, (rule, index) => {
      const path = `spec.egress[${index}].to`;
      if ((rule.to ?? []).length === 0) say(path, 'is missing, which is everywhere', 'name what it talks to');
      each(rule.to, (peer, at) => {
        if (!/\/0$/.test(peer.ipBlock?.cidr ?? '')) return;
        if (!settings.allowed.includes(name)) {
          say(`${path}[${at}].ipBlock.cidr`, 'is the whole Internet', 'name the ranges that it talks to');
          return;
        }
        const missing = own.filter(range => !peer.ipBlock?.except?.includes(range));
        if (missing.length === 0) return;
        say(`${path}[${at}].ipBlock.except`, 'our own networks are within', `except ${missing.join(', ')} as well`);
      });
    });
  },
});
