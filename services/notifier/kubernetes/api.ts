import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { asFault, Fault } from '../../errors.ts';
import { readAll } from '../../storage/index.ts';

/** The Kubernetes API as far as health needs it, with the pod's own account. */
export interface KubernetesApi {
  /** Every object of a collection, and the version from which to watch it. At most 20,000. */
  list(path: string): Promise<{ items: unknown[]; version: string }>;
  /** Changes from `version` on, until the server ends the watch, after some minutes. */
  watch(path: string, version: string, signal: AbortSignal): AsyncGenerator<WatchEvent>;
  /** The last lines of a container's log; '' when there are none. */
  log(of: { namespace: string; pod: string; container: string; previous: boolean }): Promise<string>;
  close(): Promise<void>;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: { metadata?: { uid?: string; resourceVersion?: string }; code?: number; message?: string };
}

const pageSize = 500;
const maxObjects = 20_000;
const answerLimit = 64 << 20;
/** Most bytes of one event: etcd keeps no larger objects. */
const eventLimit = 4 << 20;
const timeout = 30_000;
/** How long the server keeps a watch, in seconds. */
const watchFor = 300;
const logLines = 20;
/** What a log adds must not hold up what it is added to, in ms. */
const logTimeout = 5000;
const logBytes = 8192;

/**
 * `account` is the folder that Kubernetes mounts: `token`, which is read for each request because it is renewed every hour,
 * and `ca.crt`.
 */
export async function createKubernetesApi({ url, account }: { url: URL; account: string }): Promise<KubernetesApi> {
  const ca = url.protocol === 'https:' ? await read(join(account, 'ca.crt')) : undefined;
  const agent = new Agent({
    connect: { ...(ca !== undefined && { ca }), timeout: 5000 },
    headersTimeout: timeout,
    bodyTimeout: (watchFor + 60) * 1000,
    connections: 8,
  });
  const base = url.pathname.replace(/\/+$/, '');

  async function get(path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const token = (await read(join(account, 'token'))).trim();
    const answer = await agent
      .request({
        origin: url.origin,
        path: base + path,
        method: 'GET',
        headers: { authorization: `Bearer ${token}`, accept: 'application/json, */*' },
        signal,
      })
      .catch(error => {
        throw new Fault('unavailable', `the Kubernetes API does not answer (${asFault(error).message})`, {
          cause: error,
        });
      });
    if (answer.statusCode === 200) return answer;
    const text = (await readAll(answer.body, 65_536, 'the answer of Kubernetes')).toString();
    const kind = answer.statusCode === 410 ? 'gone' : 'unavailable';
    throw new Fault(
      kind,
      `the Kubernetes API answers ${answer.statusCode} for ${path.split('?')[0]}: ${reasonIn(text)}`,
    );
  }

  async function getJson(path: string): Promise<unknown> {
    const { body } = await get(path, AbortSignal.timeout(timeout));
    return JSON.parse((await readAll(body, answerLimit, 'the answer of Kubernetes')).toString());
  }

  return {
    async list(path) {
      const items: unknown[] = [];
      let next = '';
      for (;;) {
        const query = new URLSearchParams({ limit: String(pageSize), ...(next !== '' && { continue: next }) });
        const page = (await getJson(`${path}?${query}`)) as {
          items?: unknown[];
          metadata?: { continue?: string; resourceVersion?: string };
        };
        items.push(...(page.items ?? []));
        next = page.metadata?.continue ?? '';
        if (next === '' || items.length >= maxObjects) {
          return { items: items.slice(0, maxObjects), version: page.metadata?.resourceVersion ?? '' };
        }
      }
    },

    async *watch(path, version, signal) {
      const query = new URLSearchParams({
        watch: 'true',
        resourceVersion: version,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(watchFor),
      });
      const { body } = await get(`${path}?${query}`, signal);
      let rest = '';
      const decoder = new TextDecoder();
      for await (const chunk of body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > eventLimit) throw new Fault('bad-origin', 'the Kubernetes API sends an event without end');
        for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
      }
    },

    async log({ namespace, pod, container, previous }) {
      const query = new URLSearchParams({
        container,
        tailLines: String(logLines),
        limitBytes: String(logBytes),
        ...(previous && { previous: 'true' }),
      });
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
      const { body } = await get(`${path}?${query}`, AbortSignal.timeout(logTimeout));
      return (await readAll(body, logBytes * 2, 'a log')).toString().trimEnd();
    },
    close: () => agent.destroy(),
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Fault('unavailable', `${file} can't be read: the pod needs a service account`, { cause });
  }
}

function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message.slice(0, 300);
  } catch {
    // Not the API itself has answered.
  }
  return text.slice(0, 100);
}
