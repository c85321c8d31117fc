import { beforeAll, describe, expect, it } from 'vitest';
import { poolOf, type ServiceName, secretFiles, serviceNames } from '../../../infra/services.ts';
import type { Stage } from '../../../infra/stage.ts';
import { notTheWorld } from '../../../infra/workloads/network.ts';
import { Platform } from '../../../infra/workloads/platform.ts';
import { shapes } from '../../../infra/workloads/services.ts';
import { mebibytes, millicores } from '../../../infra/workloads/units.ts';
import { schema } from '../../../services/config.ts';
import { declare } from '../cloud/declare.ts';
import { stageNames, stageOf } from '../stage-files.ts';
import { backends } from './fixtures.ts';
import { find, type KubernetesObject, kubernetesObjects } from './objects.ts';

const build = async (stage: Stage, to = backends) =>
  kubernetesObjects(await declare(() => void new Platform('platform', { stage, backends: to })));

describe('the services', () => {
  let objects: KubernetesObject[];
  beforeAll(async () => {
    objects = await build(stageOf('prod'));
  });
  const podOf = (service: ServiceName) => find(objects, 'Deployment', service).spec.template.spec;
  const variablesOf = (service: ServiceName): Record<string, string> =>
    Object.fromEntries(
      podOf(service).containers[0].env.map((each: { name: string; value: string }) => [each.name, each.value]),
    );

  it('are all there, each on its pool, workers alone tolerating the taint', () => {
    const deployed = objects.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
    expect(deployed.sort()).toEqual([...serviceNames].sort());
    for (const service of serviceNames) {
      expect(podOf(service).nodeSelector).toEqual({ 'gocenter/pool': poolOf[service] });
      expect('tolerations' in podOf(service)).toBe(poolOf[service] === 'workers');
    }
  });

  it.each(serviceNames)('%s has variables that services/config.ts knows', service => {
    const known = new Set([...Object.keys(schema), 'HOME']);
    expect(Object.keys(variablesOf(service)).filter(variable => !known.has(variable))).toEqual([]);
  });

  it.each(serviceNames)('%s has values that services/config.ts accepts', service => {
    for (const [variable, value] of Object.entries(variablesOf(service))) {
      if (variable in schema)
        expect(() => schema[variable as keyof typeof schema].parse(value), variable).not.toThrow();
    }
  });

  it('have no secret in a variable: files only, each for those that read it', () => {
    for (const { variable, file, readers } of Object.values(secretFiles)) {
      const having = serviceNames.filter(service => variable in variablesOf(service));
      expect(having.sort()).toEqual([...readers].sort());
      for (const service of readers) expect(variablesOf(service)[variable]).toMatch(new RegExp(`^/.*/${file}$`));
    }
  });

  it('keep things where the cloud has them', () => {
    expect(variablesOf('proxy')).toMatchObject({ STORAGE: 'gs://p-gocenter', MESSAGING: 'pubsub:project' });
    expect(variablesOf('ui-backend')).toMatchObject({
      CATALOGUE: 'postgres://ui-backend@127.0.0.1:5432/catalogue',
      ANALYTICS: 'bigquery:p/analytics',
    });
    expect(variablesOf('ui')).not.toHaveProperty('STORAGE');
  });

  it('find each other by name and port', () => {
    for (const service of ['ui', 'notifier'] as const)
      expect(variablesOf(service).API_URL).toBe('http://ui-backend:8082');
    for (const service of ['proxy', 'validator', 'discovery', 'ui-backend'] as const)
      expect(variablesOf(service).ORIGIN_URL).toBe('http://processor:8070');
    expect(find(objects, 'Service', 'processor').spec.ports).toContainEqual({
      name: 'origin',
      port: 8070,
      targetPort: 'origin',
      protocol: 'TCP',
    });
    // On loopback nobody else could ask it.
    expect(variablesOf('processor').HOST).toBe('0.0.0.0');
  });

  it('know the client behind the load balancer, and never fetch from themselves', () => {
    expect(variablesOf('proxy').TRUSTED_PROXIES).toContain(backends.edge.ip);
    expect(variablesOf('processor').OWN_HOSTS).toBe('proxy.gocenter.example.com,gocenter.example.com');
  });

  it('are talked to along the arrows of the design and along no other', () => {
    const arrows = serviceNames.flatMap(service =>
      find(objects, 'NetworkPolicy', service).spec.ingress.flatMap((rule: KubernetesObject) =>
        rule.from.flatMap((peer: KubernetesObject) => {
          const from =
            peer.podSelector?.matchLabels['app.kubernetes.io/name'] ?? (peer.ipBlock ? 'edge' : 'monitoring');
          return rule.ports.map(({ port }: { port: number }) => `${from} → ${service}:${port}`);
        }),
      ),
    );
    expect([...new Set(arrows)].filter(arrow => !arrow.endsWith(':8090')).sort()).toEqual([
      'discovery → processor:8070',
      'edge → discovery:8083',
      'edge → notifier:8084',
      'edge → proxy:8080',
      'edge → ui-backend:8082',
      'edge → ui:8081',
      'monitoring → notifier:8084',
      'notifier → ui-backend:8082',
      'proxy → processor:8070',
      'ui → ui-backend:8082',
      'ui-backend → processor:8070',
      'validator → processor:8070',
    ]);
  });

  it('have a caller’s way out for every way in', () => {
    for (const service of serviceNames) {
      const called = find(objects, 'NetworkPolicy', service).spec.egress.flatMap((rule: KubernetesObject) =>
        rule.to.flatMap((peer: KubernetesObject) => peer.podSelector?.matchLabels['app.kubernetes.io/name'] ?? []),
      );
      expect(called).toEqual(shapes[service].calls);
    }
  });

  const reachingTheWorld = (all: KubernetesObject[]) => {
    const worlds = serviceNames.filter(service =>
      find(all, 'NetworkPolicy', service).spec.egress.some((rule: KubernetesObject) =>
        rule.to.some((peer: KubernetesObject) => {
          if (peer.ipBlock?.cidr !== '0.0.0.0/0') return false;
          expect(peer.ipBlock.except).toEqual(notTheWorld);
          expect(rule.ports).toEqual([{ protocol: 'TCP', port: 443 }]);
          return true;
        }),
      ),
    );
    return worlds.sort();
  };

  it.each([
    [undefined, ['discovery', 'notifier', 'processor']],
    ['/vulndb', ['discovery', 'notifier', 'processor']],
    ['https://vuln.example', ['discovery', 'notifier', 'processor', 'ui-backend']],
  ])('reach the world where they must, with VULNDB %s, and never a private address', async (vulndb, expected) => {
    const stage = structuredClone(stageOf('dev'));
    stage.services['ui-backend'].variables = vulndb === undefined ? {} : { VULNDB: vulndb };
    expect(reachingTheWorld(await build(stage))).toEqual(expected);
  });

  it('ask Kubernetes for nothing, but for the notifier, which tells of pods, jobs and nodes', () => {
    const { controlPlane } = stageOf('prod').network;
    const asking = serviceNames.filter(service => podOf(service).automountServiceAccountToken);
    const reaching = serviceNames.filter(service =>
      find(objects, 'NetworkPolicy', service).spec.egress.some((rule: KubernetesObject) =>
        rule.to.some((peer: KubernetesObject) => peer.ipBlock?.cidr === controlPlane),
      ),
    );
    const bound = objects
      .filter(({ kind }) => kind === 'ClusterRoleBinding')
      .flatMap(({ subjects }) => subjects.map(({ namespace, name }: KubernetesObject) => `${namespace}/${name}`));
    expect([asking, reaching, bound]).toEqual([['notifier'], ['notifier'], ['gocenter/notifier']]);
    expect(variablesOf('notifier').KUBERNETES_HEALTH).toBe('true');
  });

  it('have the catalogue migrated by the image of its user, and by no other', () => {
    const [serving] = podOf('ui-backend').containers;
    const name = `migrate-${serving.image.split('@sha256:')[1].slice(0, 12)}`;
    expect(objects.filter(({ kind }) => kind === 'Job').map(({ metadata }) => metadata.name)).toEqual([name]);
    const { containers, initContainers } = find(objects, 'Job', name).spec.template.spec;
    expect(containers).toMatchObject([{ args: ['migrate'], image: serving.image }]);
    expect(initContainers).toEqual(podOf('ui-backend').initContainers);
    const ports = find(objects, 'NetworkPolicy', 'migrate').spec.egress.flatMap((rule: KubernetesObject) => rule.ports);
    expect(ports.map(({ port }: { port: number }) => port)).toEqual([443, 80, 988, 3307]);
  });

  it('scale as they are used: the proxy on CPU and requests, processor and validator on depth and age', () => {
    const triggers = (service: ServiceName) =>
      find(objects, 'ScaledObject', service).spec.triggers.map(({ type, metadata }: KubernetesObject) =>
        `${type} ${(metadata as { query?: string }).query ?? ''}`.trim(),
      );
    expect(triggers('proxy')).toEqual([
      'cpu',
      'prometheus sum(rate(gocenter_requests_total{namespace="gocenter"}[1m]))',
    ]);
    for (const service of ['processor', 'validator'] as const) {
      expect(triggers(service)).toEqual([
        `prometheus max(gocenter_queue_depth{namespace="gocenter",subscription="${service}"})`,
        `prometheus max(gocenter_queue_oldest_age_seconds{namespace="gocenter",subscription="${service}"})`,
      ]);
    }
    for (const service of ['ui', 'ui-backend', 'discovery', 'notifier'])
      find(objects, 'HorizontalPodAutoscaler', service);
  });

  it('put the Auth Proxy beside the catalogue’s only user, and none where PostgreSQL is reached as it is', async () => {
    const withSidecar = (all: KubernetesObject[]) =>
      all
        .filter(({ kind, spec }) => kind === 'Deployment' && spec.template.spec.initContainers)
        .map(({ metadata }) => metadata.name);
    expect(withSidecar(objects)).toEqual(['ui-backend']);
    const direct = await build(stageOf('dev'), {
      ...backends,
      database: { ...backends.database, connectionName: undefined, host: 'postgres', port: 5433 },
    });
    expect(withSidecar(direct)).toEqual([]);
    const { egress } = find(direct, 'NetworkPolicy', 'ui-backend').spec;
    expect(egress.map(({ ports }: KubernetesObject) => ports)).toContainEqual([{ protocol: 'TCP', port: 5433 }]);
  });

  it('end within the 15 s that a spot node leaves to its workers', () => {
    for (const service of serviceNames.filter(name => poolOf[name] === 'workers')) {
      expect(podOf(service).terminationGracePeriodSeconds).toBeLessThanOrEqual(15);
    }
  });
});

describe.each(stageNames)('on %s', name => {
  const stage = stageOf(name);
  let objects: KubernetesObject[];
  beforeAll(async () => {
    objects = await build(stage);
  });

  it('every service at its most fits into the quota, with the surge of a rollout and what is done before it', () => {
    const { hard } = find(objects, 'ResourceQuota', 'quota').spec;
    const pods = objects
      .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
      .flatMap(({ metadata, kind, spec }) => {
        const most = kind === 'Job' ? 1 : stage.services[metadata.name as ServiceName].replicas.max * 1.25;
        const { containers, initContainers = [] } = spec.template.spec;
        return Array.from({ length: Math.ceil(most) }, () => [...containers, ...initContainers]);
      });
    const sum = (of: (container: KubernetesObject) => number) =>
      pods.flat().reduce((total, each) => total + of(each), 0);
    expect(pods.length).toBeLessThanOrEqual(Number(hard.pods));
    expect(sum(({ resources }) => millicores(resources.requests.cpu))).toBeLessThanOrEqual(
      millicores(hard['requests.cpu']),
    );
    expect(sum(({ resources }) => millicores(resources.limits.cpu))).toBeLessThanOrEqual(
      millicores(hard['limits.cpu']),
    );
    expect(sum(({ resources }) => mebibytes(resources.limits.memory))).toBeLessThanOrEqual(
      mebibytes(hard['limits.memory']),
    );
  });

  it('scratch folders leave room for logs within the limit of disk', () => {
    for (const { spec } of objects.filter(({ kind }) => kind === 'Deployment')) {
      const [container] = spec.template.spec.containers;
      const scratch = spec.template.spec.volumes.flatMap(
        (volume: KubernetesObject) => volume.emptyDir?.sizeLimit ?? [],
      );
      const sum = scratch.reduce((total: number, each: `${number}Mi`) => total + mebibytes(each), 0);
      expect(sum).toBeLessThan(mebibytes(container.resources.limits['ephemeral-storage']));
    }
  });
});
