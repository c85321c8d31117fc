import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Analytics } from '../../services/analytics/index.ts';
import { socketOf } from '../../services/analytics/open.ts';
import { type AnalyticsProcess, openAnalyticsProcess } from '../../services/analytics/process.ts';
import { connectAnalytics } from '../../services/analytics/socket.ts';
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

const openContract = async (asks: (running: AnalyticsProcess) => Promise<Analytics>) => {
  const spool = () => openSpool({ folder: join(folder, 'spool'), interval: 1e8, onError: fail });
  let log = await spool();
  const running = await openAnalyticsProcess({ ...options(), onError: fail });
  return {
    log: { write: (lines: string) => log.write(lines), dropped: 0, close: () => log.close() },
    analytics: await asks(running),
    async settle() {
      await log.close();
      await running.take();
      log = await spool();
    },
    async close() {
      await log.close();
      await running.close();
    },
  };
};

analyticsContract('DuckDB in a process of its own', () => openContract(async running => running));
analyticsContract('DuckDB, asked through the socket of its process', () =>
  openContract(async () => {
    const connected = await connectAnalytics(socketOf(options().file));
    if (connected === undefined) throw new Error('nobody answers');
    return connected;
  }),
);

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
