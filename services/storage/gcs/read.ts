import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { Fault } from '../../errors.ts';
import type { GetOptions, ObjectInfo, Storage } from '../index.ts';
import { checkKey } from '../key.ts';
import type { GcsClient } from './client.ts';
import { isAbsence, storageFault } from './faults.ts';
import { wholeSeconds } from './object.ts';

/** Requests for one object: the first, and those after an answer that failed or broke off. */
const attempts = 4;
/** Milliseconds before the second of them; doubled each time. */
const firstPause = 100;

interface Part {
  start: number;
  /** Inclusive; undefined is the object's end. */
  end: number | undefined;
}

/**
 * `get`, by one request each: the answer's headers tell what `stat` would. A body that breaks off goes on from where it was,
 * with the same generation. Only the credentials are the client's: its own read stream closes the connections of all
 * others when one reader leaves early.
 */
export function createReader({ service, downloads }: GcsClient, bucket: string): Storage['get'] {
  const base = `${service.apiEndpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o/`;
  const isGoogle = new URL(base).hostname.endsWith('.googleapis.com');

  /** One request. What is tried again is thrown as no Fault. */
  async function ask(key: string, { start, end }: Part, generation: string | undefined) {
    const url = `${base}${encodeURIComponent(key)}?alt=media${generation === undefined ? '' : `&generation=${generation}`}`;
    const credentials = isGoogle ? await service.authClient.getRequestHeaders(url) : {};
    const range = start === 0 && end === undefined ? {} : { range: `bytes=${start}-${end ?? ''}` };
    const answer = await request(url, {
      dispatcher: downloads,
      headers: { ...credentials, ...range, 'accept-encoding': 'identity' },
    });
    const { statusCode: code } = answer;
    if (code < 300) return answer;
    const said = await text(answer.body);
    if (code === 416) throw new Fault('invalid', `${key} has no bytes ${start}–${end ?? ''}`);
    if (isAbsence(code, said)) return undefined;
    const failure = Object.assign(new Error(`HTTP status ${code}: ${said.slice(0, 200)}`), { code });
    throw code >= 500 || code === 429 || code === 408 ? failure : storageFault(failure, `reading ${key}`);
  }

  /** Asks, and again after failures that may pass; `n` requests have failed before. */
  async function insist(key: string, part: Part, generation?: string, n = 0) {
    for (let failed = n; ; ) {
      try {
        return await ask(key, part, generation);
      } catch (error) {
        failed++;
        if (error instanceof Fault || failed >= attempts) throw storageFault(error, `reading ${key}`);
        await sleep(firstPause * 2 ** (failed - 1));
      }
    }
  }

  async function* bytes({ key, etag }: ObjectInfo, start: number, end: number, first: Readable) {
    let at = start;
    let body = first;
    try {
      for (let failed = 0; at <= end; ) {
        try {
          for await (const chunk of body as AsyncIterable<Buffer>) {
            at += chunk.length;
            yield chunk;
          }
          if (at <= end) throw new Error('the answer is too short');
        } catch (error) {
          failed++;
          if (failed >= attempts) throw storageFault(error, `reading ${key}`);
          const next = await insist(key, { start: at, end }, etag, failed);
          if (next === undefined) throw new Fault('unavailable', `${key} was replaced while it was read`);
          body = next.body;
        }
      }
    } finally {
      body.destroy();
    }
  }

  return async (key, { range } = {}) => {
    checkKey(key);
    checkRange(key, range);
    const answer = await insist(key, { start: range?.start ?? 0, end: range?.end });
    if (answer === undefined) return undefined;
    answer.body.on('error', () => {}); // one that comes before it is read has no listener; reading throws it
    const info = describe(key, answer.headers);
    const end = Math.min(range?.end ?? info.size, info.size - 1);
    const body = Readable.from(bytes(info, range?.start ?? 0, end, answer.body), { objectMode: false });
    body.once('close', () => answer.body.destroy()); // the generator does not see the end of a body that was never read
    return { ...info, body };
  };
}

function checkRange(key: string, range: GetOptions['range']): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(end) && end >= start) return;
  throw new Fault('invalid', `${start}–${end} is no range of ${key}`);
}

function describe(key: string, headers: Dispatcher.ResponseData['headers']): ObjectInfo {
  const told = (name: string) => {
    const value = headers[name];
    if (typeof value !== 'string') throw new Fault('unavailable', `the store did not tell ${name} of ${key}`);
    return value;
  };
  return {
    key,
    size: Number(told('x-goog-stored-content-length')),
    etag: told('x-goog-generation'),
    time: wholeSeconds(told('last-modified')),
  };
}
