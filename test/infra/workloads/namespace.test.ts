import { beforeAll, describe, expect, it } from 'vitest';
import { Namespace } from '../../../infra/workloads/namespace.ts';
import { declare } from '../cloud/declare.ts';
import { find, type KubernetesObject, kubernetesObjects } from './objects.ts';

describe('a Namespace', () => {
  let objects: KubernetesObject[];
  beforeAll(async () => {
    const build = () =>
      void new Namespace('gocenter', {
        name: 'gocenter',
        owner: 'team-a',
        stage: 'dev',
        quota: { pods: 40, cpu: '20000m', memory: '40Gi', disk: '100Gi' },
        largest: { cpu: '4000m', memory: '4Gi', disk: '20Gi' },
      });
    objects = kubernetesObjects(await declare(build));
  });

  it('admits restricted pods only', () => {
    expect(find(objects, 'Namespace', 'gocenter').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/audit': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    });
  });

  it('refuses pods that do not limit CPU, memory and disk, because its quota counts them', () => {
    expect(find(objects, 'ResourceQuota', 'quota').spec.hard).toMatchObject({
      'requests.cpu': '20000m',
      'limits.cpu': '80000m',
      'limits.memory': '40Gi',
      'limits.ephemeral-storage': '100Gi',
    });
  });

  it('gives no default limits, which would hide a forgotten one', () => {
    const { limits } = find(objects, 'LimitRange', 'limits').spec;
    // A maximum for containers would become their default.
    expect(limits.map(({ type }: KubernetesObject) => type)).toEqual(['Pod']);
    expect(limits[0]).not.toHaveProperty('default');
  });

  it('opens no way in from outside but the Gateway', () => {
    expect(find(objects, 'ResourceQuota', 'quota').spec.hard).toMatchObject({
      'services.loadbalancers': '0',
      'services.nodeports': '0',
    });
  });

  it('drops all traffic that is not declared, but lets names be resolved', () => {
    const { spec } = find(objects, 'NetworkPolicy', 'default-deny');
    expect(spec.podSelector).toEqual({});
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(spec).not.toHaveProperty('ingress');
    expect(spec.egress.flatMap((rule: KubernetesObject) => rule.ports)).toEqual([
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ]);
  });
});
