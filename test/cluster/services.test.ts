import { createHmac } from 'node:crypto';
import {
  CoreV1Api,
  KubeConfig,
  type V1Deployment,
  type V1Job,
  type V1Pod,
  type V1Service,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../images/build.ts';
import { type ServiceName, serviceNames } from '../../infra/services.ts';
import { createGo, type Go } from '../e2e/go.ts';
import { type Built, builtImages, withoutImages } from '../images/images.ts';
import type { KubernetesObject } from '../infra/workloads/objects.ts';
import { readable } from '../notifier/slack.ts';
import { loadFixtures, loadProgram, programOutput, syntheticModule } from '../upstream/index.ts';
import { type Backing, hookSecret, startBacking, withoutPostgres } from './backing.ts';
import { type Client, until } from './client.ts';
import { adminPod, registry, renderDeployment, runs, secretsOf, withNames } from './deployment.ts';
import { importImage } from './real-node.ts';
import { cluster, connect, title } from './world.ts';

const namespace = 'gocenter-images';
const why = cluster?.withoutRealNode ?? withoutImages ?? withoutPostgres;
const skipped = why === undefined ? title : (name: string) => `${name} (skipped: ${why})`;
const imageOf = (service: ServiceName): Target => (service === 'processor' ? 'processor' : 'services');

describe.skipIf(cluster?.realNode === undefined || why !== undefined)(
  skipped('the images, as the workloads run them'),
  () => {
    let client: Client;
    let images: Record<Target, Built>;
    let objects: KubernetesObject[] = [];
    let backing: Backing;
    let addresses: Record<string, string>;
    /** What the Job said that migrated the catalogue. */
    let migrated: string;
    const gos: Go[] = [];

    const zip = '/example.com/text/@v/v1.2.0.zip';
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
      until(`${name} is available`, 180_000, async () => {
        const { status, spec, metadata } = await deployment(name);
        const all = status?.updatedReplicas === spec?.replicas && status?.availableReplicas === spec?.replicas;
        return (
          (all && status?.observedGeneration === metadata?.generation && status?.replicas === spec?.replicas) ||
          undefined
        );
      });
    const at = (service: ServiceName, port: number, path = '') => `http://${addresses[service]}:${port}${path}`;
    const go = async () => {
      const made = await createGo({ GOPROXY: at('proxy', 8080), GOSUMDB: backing.sumdb.verifierKey });
      gos.push(made);
      return made;
    };
    /** Asks for the zip, whether it is there already or has to be fetched. */
    const download = async (patience = 60_000): Promise<number> => {
      const response = await fetch(at('proxy', 8080, zip), { signal: AbortSignal.timeout(patience) });
      await response.arrayBuffer();
      return response.status;
    };
    const logOf = (pod: string) => {
      const config = new KubeConfig();
      config.loadFromFile(cluster?.kubeconfig ?? '');
      return config.makeApiClient(CoreV1Api).readNamespacedPodLog({ name: pod, namespace });
    };
    const apply = (each: readonly KubernetesObject[]) => Promise.all(each.map(object => client.apply(object)));
    const ofKind = (kind: string) => objects.filter(object => object.kind === kind);
    const clusterIp = async (name: string, where = namespace) => {
      const { spec } = await client.read<V1Service>({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: where },
      });
      return spec?.clusterIP ?? '';
    };
    /** Runs a Job to its end; gives the log of its pod. */
    const done = async (job: KubernetesObject) => {
      await client.apply(job);
      const { name } = job.metadata;
      await until(`the Job ${name} is complete`, 120_000, async () => {
        const { status } = await client.read<V1Job>(header('batch/v1', 'Job', name));
        return status?.succeeded === 1 || undefined;
      });
      const { items } = await client.list<V1Pod>('v1', 'Pod', namespace);
      const pod = items.find(({ metadata }) => metadata?.labels?.['batch.kubernetes.io/job-name'] === name);
      return logOf(pod?.metadata?.name ?? '');
    };

    beforeAll(async () => {
      client = connect();
      images = await builtImages();
      const pid = cluster?.realNode?.pid ?? 0;
      await importImage(pid, images.services.archive, `${registry}/services`);
      await importImage(pid, images.processor.archive, `${registry}/processor`);

      // The machine's end of the cable, which pods reach.
      const host = new URL(cluster?.server ?? '').hostname;
      backing = await startBacking(host, [
        ...(await loadFixtures()),
        syntheticModule('github.com/corp/tool', 'v1.1.0', 4096),
      ]);
      objects = await renderDeployment({
        namespace,
        services: serviceNames,
        images: Object.fromEntries(
          serviceNames.map(name => [name, `${imageOf(name)}@${images[imageOf(name)].digest}`]),
        ),
        variables: service => ({
          ...backing.settings,
          // Not the world's.
          VULNDB: '',
          SLACK_URL: backing.slackUrl,
          ...(service === 'processor' && { UPSTREAM: backing.origin }),
        }),
        database: backing.database,
      });
      await apply(ofKind('Namespace'));
      await apply(secretsOf(objects, backing.secrets));
      await apply(objects.filter(object => object.kind !== 'Namespace' && !runs(object)));
      addresses = { 'kubernetes.default.svc': await clusterIp('kubernetes', 'default') };
      for (const { metadata } of ofKind('Service')) addresses[metadata.name] = await clusterIp(metadata.name);
      objects = objects.map(object => withNames(object, addresses));
      for (const job of ofKind('Job')) migrated = await done(job);
      await apply(ofKind('Deployment'));
    }, 900_000);

    afterAll(async () => {
      await client.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      for (const each of [...ofKind('ClusterRole'), ...ofKind('ClusterRoleBinding')]) await client.delete(each);
      for (const go of gos) await go.remove();
      await backing?.[Symbol.asyncDispose]();
    });

    it('the catalogue was migrated by a Job, before the pods that need it, and is again without harm', async () => {
      expect(migrated).toMatch(/The catalogue has schema \d+ now; before it had none/);
      const [again] = structuredClone(ofKind('Job')) as [KubernetesObject];
      again.metadata.name = 'migrate-again';
      expect(await done(again)).toMatch(/The catalogue has schema \d+ already/);
    }, 150_000);

    it.each(serviceNames)(
      '%s becomes available, by its digest',
      async name => {
        await available(name);
        const image = imageOf(name);
        for (const { spec, status } of await podsOf(name)) {
          expect(spec?.containers.map(({ image }) => image)).toEqual([`${registry}/${image}@${images[image].digest}`]);
          // Nothing ended meanwhile, for want of memory or of anything else.
          expect(status?.containerStatuses?.map(({ lastState }) => lastState?.terminated)).toEqual([undefined]);
        }
      },
      240_000,
    );

    it.each(serviceNames)('%s reaches all that it depends on, and says so', async name => {
      const states = await until(`${name} is at ease`, 60_000, async () => {
        const told = (await (await fetch(at(name, 8090, '/readyz'))).json()) as Record<string, unknown>;
        return Object.values(told).every(state => state === true || state === 'ok') ? told : undefined;
      });
      expect(states.ready).toBe(true);
    });

    it('of all pods only the notifier’s has a token for the Kubernetes API', async () => {
      const { items } = await client.list<V1Pod>('v1', 'Pod', namespace);
      const having = items.filter(({ spec }) =>
        spec?.volumes?.some(({ projected }) => projected?.sources?.some(source => source.serviceAccountToken)),
      );
      expect(having.map(({ spec }) => spec?.serviceAccountName)).toEqual(['notifier']);
    });

    it('the go command downloads, verifies and builds a program', async () => {
      const made = await go();
      await made.write(await loadProgram());
      await made.run('mod', 'download', 'all');
      await made.run('build', '-o', 'program', '.');
      expect(await made.exec('program')).toBe(programOutput);
      expect(backing.upstream.requests.count(zip)).toBe(1);
      expect(await backing.isPublished(zip.slice(1))).toBe(true);
    }, 240_000);

    it('what was downloaded is in the API, found by the search and on its page', async () => {
      expect(await download()).toBe(200);
      const inApi = (path: string) =>
        until(`${path} is answered`, 60_000, async () => {
          const response = await fetch(at('ui-backend', 8082, path));
          return response.ok ? response.text() : undefined;
        });
      expect(await inApi('/api/v1/module?module=example.com/text')).toContain('v1.2.0');
      expect(await inApi('/api/v1/search?q=text')).toContain('example.com/text');
      const page = await fetch(at('ui', 8081, '/example.com/text'));
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('v1.2.0');
    }, 90_000);

    it('each download is a line of the log, with what it was and who asked', async () => {
      expect(await download()).toBe(200);
      const lines = await until('the download is logged', 20_000, async () => {
        const logs = await Promise.all((await podsOf('proxy')).map(({ metadata }) => logOf(metadata?.name ?? '')));
        const found = logs.join('\n').match(/^.*"module":"example\.com\/text","version":"v1\.2\.0","kind":"zip".*$/gm);
        return found ?? undefined;
      });
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'request', service: 'proxy', status: 200 });
    });

    it('each download is counted by way of Cloud Logging, and told by the API', async () => {
      expect(await download()).toBe(200);
      const counted = await until('it is counted', 60_000, async () => {
        const response = await fetch(at('ui-backend', 8082, '/api/v1/downloads?module=example.com/text&days=7'));
        const { total } = (await response.json()) as { total?: { all: number } };
        return total?.all || undefined;
      });
      expect(counted).toBeGreaterThan(0);
    }, 90_000);

    it('what a code host announces is published, and on its page, before anybody asks for it', async () => {
      const body = JSON.stringify({
        ref: 'v1.1.0',
        ref_type: 'tag',
        repository: { html_url: 'https://github.com/corp/tool' },
      });
      const signature = createHmac('sha256', hookSecret).update(body).digest('hex');
      const headers = { 'content-type': 'application/json', 'x-github-event': 'create' };
      const answer = await fetch(at('discovery', 8083, '/hooks/github'), {
        method: 'POST',
        body,
        headers: { ...headers, 'x-hub-signature-256': `sha256=${signature}` },
      });
      expect(answer.status).toBe(202);
      await until(
        'it is published',
        60_000,
        async () => (await backing.isPublished('github.com/corp/tool/@v/v1.1.0.info')) || undefined,
      );
      const page = await until('its page is there', 60_000, async () => {
        const response = await fetch(at('ui', 8081, '/github.com/corp/tool'));
        return response.ok ? response.text() : undefined;
      });
      expect(page).toContain('v1.1.0');
    }, 150_000);

    it('the notifier tells Slack of a pod in trouble, with the end of its log', async () => {
      const failing = adminPod(objects, 'proxy', 'failing', ['proxy', 'surplus']);
      failing.spec.restartPolicy = 'Always';
      // In the operators' channel are the pods of other tests on this cluster, too, which have no kubelet to say anything.
      failing.metadata.annotations = { 'gocenter.dev/notify-channel': 'C0FAILING1' };
      await client.create(failing);
      try {
        const posted = await until('it is told', 150_000, async () =>
          backing.slack.posted.find(({ channel }) => channel === 'C0FAILING1'),
        );
        expect(readable(posted.blocks)).toContain(`${namespace}/failing: CrashLoop`);
        expect(readable(posted.blocks)).toContain('a service takes no arguments, but got surplus');
      } finally {
        await client.delete(header('v1', 'Pod', 'failing'), undefined, undefined, 0);
      }
    }, 180_000);

    it('an operator’s command runs in the same image, and can be repeated', async () => {
      expect(await download()).toBe(200);
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
      expect(await download()).toBe(200);
      backing.upstream.requests.clear();
      const [killed] = await podsOf('proxy');
      const name = killed?.metadata?.name ?? '';
      await client.delete(header('v1', 'Pod', name), undefined, undefined, 0);
      await until('another one is ready', 60_000, async () => {
        const [pod, ...more] = await podsOf('proxy');
        const ready = pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
        return (ready && more.length === 0 && pod?.metadata?.name !== name) || undefined;
      });
      expect(await until('it is asked', 20_000, () => download(2000))).toBe(200);
      expect(backing.upstream.requests.count(/\.zip$/)).toBe(0);
    }, 120_000);

    it('a rollout of those that bring modules and tell of them, under load, fails no download', async () => {
      for (const name of serviceNames) await available(name);
      let over = false;
      const statuses: number[] = [];
      const load = (async () => {
        while (!over) {
          statuses.push(await download().catch(() => 0));
          await new Promise(resolve => setTimeout(resolve, 10));
        }
      })();
      try {
        // Twice all of them would not fit onto the node: some would wait for the others to be gone.
        const rolled = ['proxy', 'processor', 'validator', 'ui-backend'];
        for (const object of ofKind('Deployment').filter(({ metadata }) => rolled.includes(metadata.name))) {
          const again = structuredClone(object);
          again.spec.template.metadata.annotations = { 'gocenter.test/rollout': 'again' };
          await client.apply(again);
        }
        for (const name of serviceNames) await available(name);
      } finally {
        over = true;
        await load;
      }
      console.log(`${statuses.length} downloads during the rollout`);
      expect(statuses.length).toBeGreaterThan(100);
      expect(statuses.filter(status => status !== 200)).toEqual([]);
    }, 300_000);
  },
);
