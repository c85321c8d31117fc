import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import { plainReadme, type Readme } from './markdown.ts';

export interface ReadmeRenderer {
  /** Markup that is harmless on our pages. What takes too long is given as the plain text that it is. */
  render(readme: Readme): Promise<string>;
  readonly keptBytes: number;
  close(): Promise<void>;
}

interface Waiting {
  readme: Readme;
  /** Undefined: others took too long. */
  resolve: (markup: string | undefined) => void;
  timer: NodeJS.Timeout;
}

/** Texts that wait for the thread; one more is given as plain text. */
const maxWaiting = 200;

/**
 * Renders in a thread of its own, one text after another, so that no README holds up other pages: one that takes longer
 * than `patience` (ms) ends its thread, and one that waits for others for longer than `wait` (ms) is given as the plain
 * text that it is, this time. What was rendered is kept by its content, within `maxBytes`.
 */
export function createReadmeRenderer(options: { maxBytes: number; patience?: number; wait?: number }): ReadmeRenderer {
  const { maxBytes, patience = 1500, wait = 500 } = options;
  const kept = new LRUCache<string, string>({ maxSize: maxBytes, sizeCalculation: markup => 2 * markup.length + 256 });
  const pending = new Map<string, Promise<string | undefined>>();
  const waiting: Waiting[] = [];
  let current: Waiting | undefined;
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function start(): Worker {
    const started = new Worker(new URL('worker.ts', import.meta.url));
    started.on('message', (markup: string | undefined) => finish(markup));
    started.on('error', () => {
      if (worker === started) worker = undefined;
      finish(undefined);
    });
    started.unref();
    return started;
  }

  function finish(markup: string | undefined): void {
    clearTimeout(timer);
    const done = current;
    current = undefined;
    done?.resolve(markup ?? plainReadme(done.readme.text));
    next();
  }

  function next(): void {
    if (current !== undefined || closed) return;
    current = waiting.shift();
    if (current === undefined) return;
    clearTimeout(current.timer);
    worker ??= start();
    worker.postMessage(current.readme);
    timer = setTimeout(() => {
      void worker?.removeAllListeners().terminate();
      worker = undefined;
      finish(undefined);
    }, patience);
  }

  /** Undefined when others are before it for too long. */
  function make(readme: Readme): Promise<string | undefined> {
    if (closed || waiting.length >= maxWaiting) return Promise.resolve(undefined);
    return new Promise(resolve => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(one), 1);
        resolve(undefined);
      };
      const one: Waiting = { readme, resolve, timer: setTimeout(giveUp, wait) };
      waiting.push(one);
      next();
    });
  }

  return {
    async render(readme) {
      const { file, text, base = '' } = readme;
      const key = createHash('sha256').update(`${file}\0${base}\0${text}`).digest('base64url');
      const found = kept.get(key) ?? pending.get(key);
      if (found !== undefined) return (await found) ?? plainReadme(text);
      const making = make(readme).finally(() => pending.delete(key));
      pending.set(key, making);
      const markup = await making;
      if (markup === undefined) return plainReadme(text);
      kept.set(key, markup);
      return markup;
    },
    get keptBytes() {
      return kept.calculatedSize;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const { resolve, timer } of [...(current ? [current] : []), ...waiting.splice(0)]) {
        clearTimeout(timer);
        resolve(undefined);
      }
      current = undefined;
      await worker?.terminate();
    },
  };
}
