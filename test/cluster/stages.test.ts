import type {
  V1Deployment,
  V1EndpointSlice,
  V1Job,
  V1LimitRange,
  V1Node,
  V1Pod,
  V1PodDisruptionBudget,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { poolLabel, poolOf, type ServiceName, serviceNames } from '../../infra/services.ts';
import type { StageName } from '../../infra/stage.ts';
import { renderStage } from '../infra/render.ts';
import { stageNames } from '../infra/stage-files.ts';
import type { KubernetesObject } from '../infra/workloads/objects.ts';
import { type Client, until } from './client.ts';
import { honest, type Largest, main, offenders, type Pod } from './offenders.ts';
import { cluster, connect, refusal, title } from './world.ts';

const applied = new Map<StageName, { objects: KubernetesObject[]; refused: string[] }>();
let client: Client;

// All stages on one cluster, each in a namespace of its own, at once: a pod is available ten seconds after it is ready.
beforeAll(async () => {
  if (cluster === undefined) return;
  client = connect();
  for (const stage of stageNames) applied.set(stage, await apply(stage));
});

const namespaceOf = (stage: StageName) => `gocenter-${stage}`;

describe.skipIf(cluster === undefined).each(stageNames)(title('the workloads of %s on a real API server'), stage => {
  const namespace = namespaceOf(stage);
  let objects: KubernetesObject[];
  let refused: string[];
  const named = (kind: string) => objects.filter(object => object.kind === kind).map(({ metadata }) => metadata.name);
  const header = (apiVersion: string, kind: string, name: string) => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
  });

  beforeAll(() => {
    ({ objects, refused } = applied.get(stage) ?? { objects: [], refused: [] });
  });

  it('every object is accepted, with no unknown field', () => {
    expect(refused).toEqual([]);
    expect(objects.length).toBeGreaterThan(60);
  });

  it('every Deployment becomes available, on the nodes of its pool', async () => {
    expect(named('Deployment').toSorted()).toEqual(serviceNames.toSorted());
    for (const name of named('Deployment')) {
      await until(`${name} is available`, 30_000, async () => {
        const { status, spec } = await client.read<V1Deployment>(header('apps/v1', 'Deployment', name));
        return ((status?.availableReplicas ?? 0) > 0 && status?.availableReplicas === spec?.replicas) || undefined;
      });
    }
    const poolOfNode = new Map(
      (await client.list<V1Node>('v1', 'Node')).items.map(({ metadata }) => [
        metadata?.name,
        metadata?.labels?.[poolLabel],
      ]),
    );
    const pods = (await client.list<V1Pod>('v1', 'Pod', namespace)).items;
    const placed = pods.map(({ metadata, spec }) => [
      metadata?.labels?.['app.kubernetes.io/component'],
      poolOfNode.get(spec?.nodeName),
    ]);
    for (const [name, pool] of placed) expect([name, pool]).toEqual([name, poolOf[name as ServiceName]]);
  });

  it('every Job comes to its end', async () => {
    expect(named('Job').map(name => name.replace(/-[0-9a-f]{12}$/, ''))).toEqual(['migrate']);
    for (const name of named('Job')) {
      await until(`Job ${name} is complete`, 30_000, async () => {
        const { status } = await client.read<V1Job>(header('batch/v1', 'Job', name));
        return status?.succeeded === 1 || undefined;
      });
    }
  });

  it('every Service has pods behind it', async () => {
    for (const name of named('Service')) {
      await until(`Service ${name} has endpoints`, 30_000, async () => {
        const selector = `kubernetes.io/service-name=${name}`;
        const slices = await client.list<V1EndpointSlice>(
          'discovery.k8s.io/v1',
          'EndpointSlice',
          namespace,
          undefined,
          undefined,
          undefined,
          undefined,
          selector,
        );
        return (
          slices.items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready)) || undefined
        );
      });
    }
  });

  it('every autoscaler finds what it scales', async () => {
    expect(named('HorizontalPodAutoscaler').length).toBeGreaterThan(0);
    for (const name of named('HorizontalPodAutoscaler')) {
      const able = await until(`${name} was looked at`, 30_000, async () => {
        const { status } = await client.read<V2HorizontalPodAutoscaler>(
          header('autoscaling/v2', 'HorizontalPodAutoscaler', name),
        );
        return status?.conditions?.find(({ type }) => type === 'AbleToScale');
      });
      expect([name, able.status, able.message]).toEqual([name, 'True', able.message]);
    }
    // KEDA, which does not run here, makes an autoscaler of each of these.
    for (const object of objects.filter(({ kind }) => kind === 'ScaledObject')) {
      const { apiVersion, kind, name } = object.spec.scaleTargetRef;
      expect(await refusal(client.read(header(apiVersion, kind, name)))).toBeUndefined();
    }
  });

  it('every PodDisruptionBudget protects pods', async () => {
    expect(named('PodDisruptionBudget').length).toBeGreaterThan(0);
    for (const name of named('PodDisruptionBudget')) {
      await until(`${name} counts pods`, 30_000, async () => {
        const { status } = await client.read<V1PodDisruptionBudget>(header('policy/v1', 'PodDisruptionBudget', name));
        return (status?.expectedPods ?? 0) > 0 || undefined;
      });
    }
  });

  describe('its namespace', () => {
    const create = (pod: Pod) => refusal(client.create({ ...pod, metadata: { ...pod.metadata, namespace } }));

    let largest: Largest;
    beforeAll(async () => {
      // As the API server writes quantities, and as it says them in its refusals.
      const { spec } = await client.read<V1LimitRange>(header('v1', 'LimitRange', 'limits'));
      largest = spec?.limits[0]?.max as Largest;
    });

    it.each(Object.entries(offenders))('refuses %s', async (_, { change, says }) => {
      const pod = structuredClone(honest);
      change(pod);
      const why = await create(pod);
      for (const part of says(largest)) expect(why).toContain(part);
    });

    it('admits an honest pod', async () => {
      expect(await create(honest)).toBeUndefined();
    });

    it('refuses a Service with a load balancer of its own', async () => {
      const service = {
        ...header('v1', 'Service', 'open'),
        spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      };
      expect(await refusal(client.create(service))).toContain(
        'exceeded quota: quota, requested: services.loadbalancers=1,services.nodeports=1, ',
      );
    });

    it('refuses a field that does not exist, by its path', async () => {
      const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
      const wrong = structuredClone(deployment) as KubernetesObject;
      wrong.spec.template.spec.nodeSelektor = {};
      expect(await refusal(client.apply(wrong))).toContain(
        '.spec.template.spec.nodeSelektor: field not declared in schema',
      );
    });

    it('refuses more pods than its quota', async () => {
      let why: string | undefined;
      for (let count = 0; count < 500 && why === undefined; count++) {
        const pod = structuredClone(honest);
        pod.metadata.name = `crowd-${count}`;
        main(pod).resources = { requests: largest, limits: largest };
        Object.assign(pod.spec, { nodeSelector: { nowhere: 'true' } });
        why = await create(pod);
      }
      expect(why).toContain('exceeded quota: quota, requested: ');
    });
  });
});

/** As Pulumi does it: what a namespace needs to be safe stands before anything runs in it. */
async function apply(stage: StageName) {
  // GKE makes this namespace, for managed Prometheus.
  const monitoring = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gmp-public' } };
  const objects = [monitoring, ...(await renderStage(stage)).map(object => moved(object, namespaceOf(stage)))];
  const refused: string[] = [];
  const turns = Map.groupBy(objects, ({ kind }) => (kind === 'Namespace' ? 0 : kind === 'Deployment' ? 2 : 1));
  for (const turn of [0, 1, 2] as const) {
    await Promise.all(
      (turns.get(turn) ?? []).map(async object => {
        const why = await refusal(client.apply(object));
        if (why !== undefined) refused.push(`${object.kind} ${object.metadata.name}: ${why}`);
      }),
    );
  }
  return { objects, refused };
}

/** The object, with `gocenter` being called `namespace`. */
function moved(object: KubernetesObject, namespace: string): KubernetesObject {
  const { metadata, kind } = object;
  if (kind === 'Namespace' && metadata.name === 'gocenter')
    return { ...object, metadata: { ...metadata, name: namespace } };
  return metadata.namespace === 'gocenter' ? { ...object, metadata: { ...metadata, namespace } } : object;
}
