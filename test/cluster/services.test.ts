import {
  CoreV1Api,
  KubeConfig,
  type V1Deployment,
  type V1Pod,
  type V1Secret,
  type V1Service,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../images/build.ts';
import { createGo, type Go } from '../e2e/go.ts';
import { startBackends, type TestBackends } from '../emulators/backends.ts';
import { type Built, builtImages, withoutImages } from '../images/images.ts';
import type { KubernetesObject } from '../infra/workloads/objects.ts';
import { type SumdbServer, startSumdbServer } from '../sumdb-server/server.ts';
import { loadFixtures, loadProgram, programOutput, startUpstream, type Upstream } from '../upstream/index.ts';
import { type Client, until } from './client.ts';
import { adminPod, registry, renderDeployment, withNames } from './deployment.ts';
import { type Exposed, expose } from './expose.ts';
import { importImage } from './real-node.ts';
import { cluster, connect, title } from './world.ts';

const services = ['proxy', 'processor', 'validator'] as const;
const namespace = 'gocenter-images';
const why = cluster?.withoutRealNode ?? withoutImages;
const skipped = why === undefined ? title : (name: string) => `${name} (skipped: ${why})`;

describe.skipIf(cluster?.realNode === undefined || why !== undefined)(
  skipped('the images, as the workloads run them'),
  () => {
    let client: Client;
    let images: Record<Target, Built>;
    let objects: KubernetesObject[];
    let backends: TestBackends;
    let upstream: Upstream;
    let hashed: Upstream;
    let sumdb: SumdbServer;
    let proxy: string;
    const exposed: Exposed[] = [];
    const gos: Go[] = [];

    const header = (apiVersion: string, kind: string, name: string) => ({
      apiVersion,
      kind,
      metadata: { name, namespace },
    });
    const deployment = (name: string) => client.read<V1Deployment>(header('apps/v1', 'Deployment', name));
    const podsOf = async (name: string) => {
      const { items } = await client.list<V1Pod>('v1', 'Pod', namespace);
      return items.filter(({ metadata }) => metadata?.labels?.['app.kubernetes.io/name'] === name);
    };
    const available = (name: string) =>
      until(`${name} is available`, 90_000, async () => {
        const { status, spec, metadata } = await deployment(name);
        const all = status?.updatedReplicas === spec?.replicas && status?.availableReplicas === spec?.replicas;
        return (
          (all && status?.observedGeneration === metadata?.generation && status?.replicas === spec?.replicas) ||
          undefined
        );
      });
    const go = async () => {
      const made = await createGo({ GOPROXY: proxy, GOSUMDB: sumdb.verifierKey });
      gos.push(made);
      return made;
    };
    const logOf = (pod: string) => {
      const config = new KubeConfig();
      config.loadFromFile(cluster?.kubeconfig ?? '');
      return config.makeApiClient(CoreV1Api).readNamespacedPodLog({ name: pod, namespace });
    };

    beforeAll(async () => {
      client = connect();
      images = await builtImages();
      const pid = cluster?.realNode?.pid ?? 0;
      await importImage(pid, images.services.archive, `${registry}/services`);
      await importImage(pid, images.processor.archive, `${registry}/processor`);

      // The machine's end of the cable, which pods reach.
      const host = new URL(cluster?.server ?? '').hostname;
      backends = await startBackends('emulators', {}, { address: `${host}:0` });
      const modules = await loadFixtures();
      upstream = await startUpstream({ modules });
      // The database asks another upstream, so that requests of the first are the processor's alone.
      hashed = await startUpstream({ modules });
      sumdb = await startSumdbServer({ upstream: hashed.url });
      for (const url of [upstream.url, sumdb.url]) exposed.push(await expose(url, host));
      const [origin, sums] = exposed;

      objects = await renderDeployment({
        namespace,
        services,
        images: {
          proxy: `services@${images.services.digest}`,
          validator: `services@${images.services.digest}`,
          processor: `processor@${images.processor.digest}`,
        },
        variables: service => ({
          ...backends.settings,
          SUMDB: `${sumdb.verifierKey} ${sums?.url}`,
          ...(service === 'processor' && { UPSTREAM: origin?.url ?? '' }),
        }),
      });
      const of = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));
      const apply = (each: readonly KubernetesObject[]) => Promise.all(each.map(object => client.apply(object)));
      await apply(of('Namespace'));
      const secret = { ...header('v1', 'Secret', 'proxy'), stringData: { 'tokens.json': '{"tokens":[]}' } };
      await client.apply<V1Secret>(secret);
      await apply(objects.filter(({ kind }) => !['Namespace', 'Deployment'].includes(kind)));
      const addresses = Object.fromEntries(
        await Promise.all(
          of('Service').map(async ({ metadata }) => {
            const { spec } = await client.read<V1Service>(header('v1', 'Service', metadata.name));
            return [metadata.name, spec?.clusterIP ?? ''] as const;
          }),
        ),
      );
      objects = objects.map(object => (object.kind === 'Deployment' ? withNames(object, addresses) : object));
      await apply(of('Deployment'));
      proxy = `http://${addresses.proxy}:8080`;
    }, 900_000);

    afterAll(async () => {
      await client.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      for (const each of [...exposed, ...gos.map(go => ({ close: go.remove }))]) await each.close();
      await backends?.close();
      await sumdb?.close();
      await upstream?.close();
      await hashed?.close();
    });

    it.each(services)(
      '%s becomes available, by its digest',
      async name => {
        await available(name);
        const image = name === 'processor' ? 'processor' : 'services';
        for (const { spec } of await podsOf(name)) {
          expect(spec?.containers.map(({ image }) => image)).toEqual([`${registry}/${image}@${images[image].digest}`]);
        }
      },
      120_000,
    );

    it('the go command downloads, verifies and builds a program', async () => {
      const made = await go();
      await made.write(await loadProgram());
      await made.run('mod', 'download', 'all');
      await made.run('build', '-o', 'program', '.');
      expect(await made.exec('program')).toBe(programOutput);
      expect(upstream.requests.count('/example.com/text/@v/v1.2.0.zip')).toBe(1);
      const { url = '', published = '' } = backends.storage ?? {};
      const kept = await fetch(
        `${url}/storage/v1/b/${published}/o/${encodeURIComponent('example.com/text/@v/v1.2.0.zip')}`,
      );
      expect(kept.status).toBe(200);
    }, 240_000);

    it('an operator’s command runs in the same image, and can be repeated', async () => {
      for (const name of ['status-1', 'status-2']) {
        await client.create(adminPod(objects, 'proxy', name, ['status', 'example.com/text@v1.2.0']));
        await until(`${name} has ended`, 60_000, async () => {
          const { status } = await client.read<V1Pod>(header('v1', 'Pod', name));
          return status?.phase === 'Succeeded' || undefined;
        });
        expect(await logOf(name)).toContain('published');
      }
    }, 120_000);

    it('a proxy that is killed between two requests changes nothing: what it served is in the store', async () => {
      upstream.requests.clear();
      const [killed] = await podsOf('proxy');
      const name = killed?.metadata?.name ?? '';
      await client.delete(header('v1', 'Pod', name), undefined, undefined, 0);
      await until('another one is ready', 60_000, async () => {
        const [pod, ...more] = await podsOf('proxy');
        const ready = pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
        return (ready && more.length === 0 && pod?.metadata?.name !== name) || undefined;
      });
      const response = await until('it is asked', 20_000, () =>
        fetch(`${proxy}/example.com/text/@v/v1.2.0.zip`, { signal: AbortSignal.timeout(2000) }),
      );
      await response.arrayBuffer();
      expect(response.status).toBe(200);
      expect(upstream.requests.count(/\.zip$/)).toBe(0);
    }, 120_000);

    it('a rollout of all services under load fails no download', async () => {
      for (const name of services) await available(name);
      let done = false;
      const statuses: number[] = [];
      const load = (async () => {
        while (!done) {
          const response = await fetch(`${proxy}/example.com/text/@v/v1.2.0.zip`).catch(() => undefined);
          await response?.arrayBuffer();
          statuses.push(response?.status ?? 0);
          await new Promise(resolve => setTimeout(resolve, 10));
        }
      })();
      for (const object of objects.filter(({ kind }) => kind === 'Deployment')) {
        const again = structuredClone(object);
        again.spec.template.metadata.annotations = { 'gocenter.test/rollout': 'again' };
        await client.apply(again);
      }
      for (const name of services) await available(name);
      done = true;
      await load;
      console.log(`${statuses.length} downloads during the rollout`);
      expect(statuses.length).toBeGreaterThan(100);
      expect(statuses.filter(status => status !== 200)).toEqual([]);
    }, 180_000);
  },
);
