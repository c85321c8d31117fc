import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { asFault } from '../../errors.ts';
import type { Storage } from '../../storage/index.ts';
import { createIncidents, type Problem, type Tell } from '../incidents.ts';
import { createKubernetesApi, type KubernetesApi } from './api.ts';
import { type Finding, jobFindings, nodeFindings, podFindings } from './judge.ts';
import type { Job, Node, Pod } from './objects.ts';
import { createReflector, type Reflector } from './reflector.ts';

/** Pods, jobs and nodes that are in trouble, as incidents: told when it begins, with the last log lines, and when it is over. */
export interface KubernetesHealth {
  start(): void;
  /** Compares what is wrong with what was told. Nothing happens until all was listed. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export interface KubernetesHealthDeps {
  config: Pick<Config, 'KUBERNETES_URL' | 'KUBERNETES_ACCOUNT'>;
  records: Storage;
  tell: Tell;
  log: Logger;
  now: () => Date;
}

/** Pods that are named in one message. */
const named = 5;

export function createKubernetesHealth(deps: KubernetesHealthDeps): KubernetesHealth {
  const { config, records, tell, log, now } = deps;
  const incidents = createIncidents({ name: 'kubernetes', records, tell, now });
  let api: KubernetesApi | undefined;
  let reflectors: [Reflector<Pod>, Reflector<Job>, Reflector<Node>] | undefined;
  let opening: Promise<void> | undefined;

  async function open(): Promise<void> {
    api = await createKubernetesApi({ url: config.KUBERNETES_URL, account: config.KUBERNETES_ACCOUNT });
    const reflect = <T extends Pod | Job | Node>(path: string) =>
      createReflector<T>({
        api: api as KubernetesApi,
        path,
        onError: error => log.warn({ err: error, path }, 'Kubernetes can’t be watched; it is tried again'),
      });
    reflectors = [reflect<Pod>('/api/v1/pods'), reflect<Job>('/apis/batch/v1/jobs'), reflect<Node>('/api/v1/nodes')];
    for (const reflector of reflectors) reflector.start();
  }

  return {
    start() {
      opening ??= open().catch(error => {
        opening = undefined; // tried again at the next look
        log.error({ err: asFault(error) }, 'Kubernetes health can’t be told');
      });
    },
    async look() {
      if (reflectors === undefined) return this.start();
      const [pods, jobs, nodes] = reflectors;
      const [somePods, someJobs, someNodes] = [pods.objects(), jobs.objects(), nodes.objects()];
      if (somePods === undefined || someJobs === undefined || someNodes === undefined) return;
      const time = now();
      await incidents.reconcile(
        problemsOf(
          [
            ...somePods.flatMap(pod => podFindings(pod, time)),
            ...someJobs.flatMap(job => jobFindings(job, time)),
            ...someNodes.flatMap(node => nodeFindings(node, time)),
          ],
          finding => logOf(finding),
        ),
      );
    },
    async close() {
      await opening;
      await Promise.all((reflectors ?? []).map(reflector => reflector.close()));
      await api?.close();
    },
  };

  /** A log that can't be read must not hold up what it belongs to. */
  async function logOf({ log: where }: Finding): Promise<string> {
    if (where === undefined || api === undefined) return '';
    return api.log(where).catch(error => `(its log can't be read: ${asFault(error).message})`);
  }
}

/** One problem a workload and reason, however many pods have it. */
export function problemsOf(findings: readonly Finding[], log: (finding: Finding) => Promise<string>): Problem[] {
  return [...Map.groupBy(findings, ({ workload, reason }) => `${workload} ${reason}`)].flatMap(([key, group]) => {
    const [first] = group;
    if (first === undefined) return [];
    const { workload, reason, level, message, channel } = first;
    const objects = group.map(({ object }) => object);
    const others = objects.length > named ? ` and ${objects.length - named} more` : '';
    const text = `${message}\n${objects.slice(0, named).join(', ')}${others}`;
    // Each job that fails is told; of pods, that more of them have the same trouble is no news.
    const mark = reason === 'JobFailed' ? objects.toSorted().join() : '';
    return [{ key, level, title: `${workload}: ${reason}`, text, mark, channel, log: () => log(first) }];
  });
}
