import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAnalyticsProcess } from '../../services/analytics/process.ts';
import { openSpool } from '../../services/analytics/spool.ts';
import { analyticsContract, line, november } from './contract.ts';

let folder: string;
const options = () => ({ file: join(folder, 'd.duckdb'), spool: join(folder, 'spool'), interval: 0, kept: 4e10 });
const fail = (error: Error) => {
  throw error;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

analyticsContract('DuckDB in a process of its own', async () => {
  const spool = () => openSpool({ folder: join(folder, 'spool'), interval: 1e8, onError: fail });
  let log = await spool();
  const analytics = await openAnalyticsProcess({ ...options(), onError: fail });
  return {
    log: { write: lines => log.write(lines), dropped: 0, close: () => log.close() },
    analytics,
    async settle() {
      await log.close();
      await analytics.take();
      log = await spool();
    },
    async close() {
      await log.close();
      await analytics.close();
    },
  };
});

describe('the process of the analytics', () => {
  it('that can’t open its database says so at the start', async () => {
    writeFileSync(join(folder, 'd.duckdb'), 'this is no database');
    await expect(openAnalyticsProcess({ ...options(), onError: () => {} })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });

  it('that is killed is told of, fails what was asked of it, and is started again with what it had', async () => {
    const errors: Error[] = [];
    const analytics = await openAnalyticsProcess({ ...options(), onError: error => errors.push(error) });
    writeFileSync(join(folder, 'spool', '2026-a.ndjson'), line());
    await analytics.take();
    process.kill(analytics.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('SIGKILL')]));
    await vi.waitFor(async () => expect(await analytics.ask('total', november)).toEqual([{ all: 1, people: 1 }]), {
      timeout: 10_000,
    });
    await analytics.close();
  });
});
