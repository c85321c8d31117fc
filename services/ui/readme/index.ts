import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import { plainReadme, type Readme } from './markdown.ts';
import type { Said } from './worker.ts';

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
  /** Undefined while the thread starts: that is no other's fault. */
  timer: NodeJS.Timeout | undefined;
}

/** Texts that wait for the thread; one more is given as plain text. */
const maxWaiting = 200;
/** So much is shown of what would have to wait: it is made between other pages, not in the thread. UTF-16 units. */
const plainText = 16 << 10;
/** The start of the thread may take this long, in ms. */
const longestStart = 10_000;

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
  let ready = false;
  /** Of the thread's start, or of the text that it renders. */
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function start(): void {
    const started = new Worker(new URL('worker.ts', import.meta.url));
    worker = started;
    started.on('message', (said: Said) => {
      if ('markup' in said) finish(said.markup);
      else begin();
    });
    started.on('error', lose);
    started.unref();
    timer = setTimeout(lose, longestStart);
  }

  function begin(): void {
    clearTimeout(timer);
    ready = true;
    for (const one of waiting) one.timer = setTimeout(giveUp, wait, one);
    next();
  }

  /** Ends a thread that takes too long, or has failed. */
  function lose(): void {
    clearTimeout(timer);
    void worker?.removeAllListeners().terminate();
    worker = undefined;
    const hasStarted = ready;
    ready = false;
    if (!hasStarted) for (const one of [...waiting]) giveUp(one);
    finish(undefined);
  }

  function finish(markup: string | undefined): void {
    clearTimeout(timer);
    const done = current;
    current = undefined;
    done?.resolve(markup ?? plainReadme(done.readme.text));
    next();
  }

  function next(): void {
    if (current !== undefined || closed || waiting.length === 0) return;
    if (worker === undefined) start();
    if (!ready) return;
    current = waiting.shift();
    clearTimeout(current?.timer);
    worker?.postMessage(current?.readme);
    timer = setTimeout(lose, patience);
  }

  function giveUp(one: Waiting): void {
    clearTimeout(one.timer);
    waiting.splice(waiting.indexOf(one), 1);
    one.resolve(undefined);
  }

  /** Undefined when others are before it for too long. */
  function make(readme: Readme): Promise<string | undefined> {
    if (closed || waiting.length >= maxWaiting) return Promise.resolve(undefined);
    return new Promise(resolve => {
      const one: Waiting = { readme, resolve, timer: undefined };
      if (ready) one.timer = setTimeout(giveUp, wait, one);
      waiting.push(one);
      next();
    });
  }

  return {
    async render(readme) {
      const { file, text, base = '' } = readme;
      const key = createHash('sha256').update(`${file}\0${base}\0${text}`).digest('base64url');
      const found = kept.get(key) ?? pending.get(key);
      if (found !== undefined) return (await found) ?? plainReadme(text, plainText);
      const making = make(readme).finally(() => pending.delete(key));
      pending.set(key, making);
      const markup = await making;
      if (markup === undefined) return plainReadme(text, plainText);
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
