import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../errors.ts';
import type { Inclusion } from './schemas/inclusion.ts';

/** Streams at once; each looks at the store every second at most. */
const maxStreams = 500;
/** Of one client: of a network, which may be that of a company. */
const maxOfClient = 20;
/** A stream ends after this long, in ms; a browser comes back by itself. */
const longest = 10 * 60_000;
/** Looks begin this soon and grow by half up to the last, in ms. */
const firstLook = 100;
const lastLook = 1000;
/** A comment keeps proxies from cutting a silent stream, in ms. */
const heartbeat = 15_000;

export interface InclusionEvents {
  /**
   * Server-sent events of an inclusion, its state whenever it changes, until nothing more will happen. Throws
   * `rate-limited` where the client follows too many already, `unavailable` where all do.
   */
  follow(look: () => Promise<Inclusion>, client: string, signal: AbortSignal): AsyncGenerator<string>;
  /** Ends all. */
  close(): void;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createInclusionEvents(): InclusionEvents {
  const closing = new AbortController();
  let streams = 0;
  const ofClient = new Map<string, number>();

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
    }
  }

  return {
    async *follow(look, client, signal) {
      const its = ofClient.get(client) ?? 0;
      if (its >= maxOfClient) {
        const sentence = `you follow ${its} inclusions already; ask for the state of this one instead`;
        throw new Fault('rate-limited', sentence, { retryAfter: 10 });
      }
      if (streams >= maxStreams) {
        throw new Fault('unavailable', 'too many inclusions are being followed; ask for its state instead', {
          retryAfter: 10,
        });
      }
      streams += 1;
      ofClient.set(client, its + 1);
      try {
        yield* events(await look(), look, AbortSignal.any([signal, closing.signal]));
      } finally {
        streams -= 1;
        const left = (ofClient.get(client) ?? 0) - 1;
        if (left > 0) ofClient.set(client, left);
        else ofClient.delete(client);
      }
    },
    close: () => closing.abort(),
  };
}
