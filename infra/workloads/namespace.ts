import * as k8s from '@pulumi/kubernetes';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import { labels, type Owner } from './labels.ts';
import { toDns } from './network.ts';
import * as units from './units.ts';

export interface NamespaceArgs {
  /** The namespace's name. */
  name: string;
  owner: Owner;
  stage: string;
  /** What all pods together may ask for. A rollout's surge must fit in. */
  quota: { pods: number; cpu: units.Cpu; memory: units.Size; disk: units.Size };
  /** The largest single pod. */
  largest: { cpu: units.Cpu; memory: units.Size; disk: units.Size };
}

/**
 * A namespace that refuses what could hurt, whoever applies it: pods that are not restricted (Pod Security admission),
 * pods without limits or beyond the quota, containers larger than any of ours, and traffic that nobody has declared.
 */
export class Namespace extends ComponentResource {
  /** Its name, which a preview knows too. What is made in it depends on this component, so that the guard rails stand first. */
  readonly namespace: string;

  constructor(name: string, args: NamespaceArgs, options?: ComponentResourceOptions) {
    super('gocenter:workloads:Namespace', name, {}, options);
    const common = labels(args.name, 'namespace', args.owner, args.stage);
    const parent = { parent: this };
    const namespace = new k8s.core.v1.Namespace(
      name,
      {
        metadata: {
          name: args.name,
          labels: {
            ...common,
            'pod-security.kubernetes.io/enforce': 'restricted',
            'pod-security.kubernetes.io/enforce-version': 'latest',
            'pod-security.kubernetes.io/audit': 'restricted',
            'pod-security.kubernetes.io/warn': 'restricted',
          },
        },
      },
      parent,
    );
    this.namespace = args.name;
    const inside = { parent: this, dependsOn: namespace };
    const meta = (object: string) => ({ name: object, namespace: args.name, labels: common });
    const { pods, cpu, memory, disk } = args.quota;

    new k8s.core.v1.ResourceQuota(
      `${name}-quota`,
      {
        metadata: meta('quota'),
        spec: {
          hard: {
            pods: String(pods),
            'requests.cpu': cpu,
            // Bursts into idle cores; memory and disk are never promised twice.
            'limits.cpu': units.cpu(units.millicores(cpu) * 4),
            'requests.memory': memory,
            'limits.memory': memory,
            'requests.ephemeral-storage': disk,
            'limits.ephemeral-storage': disk,
            // Everything comes in through the Gateway; a Service must not open a way of its own.
            'services.loadbalancers': '0',
            'services.nodeports': '0',
          },
        },
      },
      inside,
    );
    // Of pods, not of containers: a container's maximum becomes the default of whoever gives no limit, and would hide
    // what the quota refuses by name.
    new k8s.core.v1.LimitRange(
      `${name}-limits`,
      {
        metadata: meta('limits'),
        spec: {
          limits: [
            {
              type: 'Pod',
              max: { cpu: args.largest.cpu, memory: args.largest.memory, 'ephemeral-storage': args.largest.disk },
              maxLimitRequestRatio: { memory: '1', 'ephemeral-storage': '1' },
            },
          ],
        },
      },
      inside,
    );
    new k8s.networking.v1.NetworkPolicy(
      `${name}-default-deny`,
      {
        metadata: meta('default-deny'),
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [toDns()] },
      },
      inside,
    );
    this.registerOutputs({ namespace: this.namespace });
  }
}
