import { setTimeout as delay } from 'node:timers/promises';
import { asFault, Fault } from '../../errors.ts';
import type { KubernetesApi } from './api.ts';
import { type Job, type Node, type Pod, trim } from './objects.ts';

/** A collection as it is now: listed once, then followed by a watch, as Kubernetes' own reflectors do. */
export interface Reflector<T> {
  /** Undefined until it was listed. */
  objects(): readonly T[] | undefined;
  /** Lists, then follows until the watch ends. Throws when either fails. */
  follow(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

/** Pauses after failures, in ms. */
const firstPause = 1000;
const longestPause = 60_000;

export function createReflector<T extends Pod | Job | Node>(deps: {
  api: KubernetesApi;
  path: string;
  onError: (error: Fault) => void;
}): Reflector<T> {
  const { api, path, onError } = deps;
  const stop = new AbortController();
  let known: Map<string, T> | undefined;
  let version: string | undefined;
  let running: Promise<void> | undefined;

  async function list(): Promise<void> {
    const { items, version: listed } = await api.list(path);
    known = new Map((items as T[]).map(object => [object.metadata.uid, trim(object)]));
    version = listed;
  }

  async function follow(): Promise<void> {
    if (version === undefined) await list();
    const from = version ?? '';
    // What is too old to be watched from is listed anew.
    version = undefined;
    let last = from;
    for await (const { type, object } of api.watch(path, from, stop.signal)) {
      if (type === 'ERROR')
        throw new Fault('unavailable', `a watch of ${path} has failed: ${object.message ?? object.code}`);
      const uid = object.metadata?.uid;
      if (type === 'DELETED' && uid !== undefined) known?.delete(uid);
      else if (type !== 'BOOKMARK' && uid !== undefined) known?.set(uid, trim(object as T));
      last = object.metadata?.resourceVersion ?? last;
    }
    version = last;
  }

  async function run(): Promise<void> {
    let pause = firstPause;
    while (!stop.signal.aborted) {
      try {
        await follow();
        pause = firstPause;
      } catch (error) {
        if (stop.signal.aborted) return;
        onError(asFault(error));
        await delay(pause, undefined, { signal: stop.signal }).catch(() => {});
        pause = Math.min(longestPause, pause * 2);
      }
    }
  }

  return {
    objects: () => known && [...known.values()],
    follow,
    start() {
      running ??= run();
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}
