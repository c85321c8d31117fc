import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../errors.ts';
import type { Inclusion } from './schemas/inclusion.ts';

/** Streams at once; each looks at the store every second at most. */
const maxStreams = 500;
/** A stream ends after this long, in ms; a browser comes back by itself. */
const longest = 10 * 60_000;
/** Looks begin this soon and grow by half up to the last, in ms. */
const firstLook = 100;
const lastLook = 1000;
/** A comment keeps proxies from cutting a silent stream, in ms. */
const heartbeat = 15_000;

export interface InclusionEvents {
  /** Server-sent events of an inclusion, its state whenever it changes, until nothing more will happen. */
  follow(look: () => Promise<Inclusion>, signal: AbortSignal): AsyncIterable<string>;
  /** Ends all. */
  close(): void;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createInclusionEvents(): InclusionEvents {
  const closing = new AbortController();
  let streams = 0;

  async function* events(first: Inclusion, look: () => Promise<Inclusion>, signal: AbortSignal) {
    const start = performance.now();
    let spoke = start;
    let told = '';
    let state = first;
    try {
      for (let pause = firstLook; ; pause = Math.min(lastLook, pause * 1.5)) {
        const text = JSON.stringify(state);
        if (text !== told) {
          yield `event: inclusion\ndata: ${text}\n\n`;
          pause = told === '' ? pause : firstLook;
          told = text;
          spoke = performance.now();
        } else if (performance.now() - spoke > heartbeat) {
          yield ': still here\n\n';
          spoke = performance.now();
        }
        if (state.done || performance.now() - start > longest) return;
        await delay(pause, undefined, { signal });
        state = await look();
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      streams -= 1;
    }
  }

  return {
    async *follow(look, signal) {
      if (streams >= maxStreams) {
        throw new Fault('unavailable', 'too many inclusions are being followed; ask for its state instead', {
          retryAfter: 10,
        });
      }
      streams += 1;
      yield* events(await look(), look, AbortSignal.any([signal, closing.signal]));
    },
    close: () => closing.abort(),
  };
}
