import { createHash } from 'node:crypto';
import { Fault } from '../errors.ts';
import { readFeed } from '../records/feed.ts';
import type { Storage } from '../storage/index.ts';
import type { Reader } from './access.ts';
import { textType } from './answers.ts';
import type { Resource } from './respond.ts';

const maxLimit = 2000;

/** `/index?since=<RFC 3339>&limit=<1..2000>`: what is published, in order, as index.golang.org gives it. */
export async function answerFeed(records: Storage, parameters: URLSearchParams, reader: Reader): Promise<Resource> {
  const since = sinceOf(parameters.get('since'));
  const limit = limitOf(parameters.get('limit'));
  const entries = await readFeed(records, { since, limit, accept: entry => reader.maySee(entry.Path) });
  const body = Buffer.from(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''));
  return {
    contentType: textType,
    cacheControl: 'no-store',
    size: body.length,
    etag: createHash('sha256').update(body).digest('hex').slice(0, 32),
    lastModified: undefined,
    open: async (start, end) => body.subarray(start, end + 1),
  };
}

/** RFC 3339, section 5.6. */
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

function sinceOf(text: string | null): Date | undefined {
  if (text === null) return undefined;
  const time = Date.parse(text);
  if (!rfc3339.test(text) || Number.isNaN(time) || !isDay(text.slice(0, 10))) {
    throw new Fault(
      'invalid',
      `since=${JSON.stringify(text.slice(0, 100))} is not a time such as 2026-01-02T15:04:05Z`,
    );
  }
  return new Date(time);
}

/** Date.parse takes 30 February for 2 March. */
const isDay = (day: string) => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);

function limitOf(text: string | null): number {
  if (text === null) return maxLimit;
  const limit = Number(text);
  if (!/^\d{1,6}$/.test(text) || limit < 1 || limit > maxLimit) {
    throw new Fault('invalid', `limit=${JSON.stringify(text.slice(0, 100))} is not a number from 1 to ${maxLimit}`);
  }
  return limit;
}
