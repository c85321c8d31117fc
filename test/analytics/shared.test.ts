import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSharedAnalytics } from '../../services/analytics/shared.ts';
import { line, november } from './contract.ts';

let folder: string;
const options = () => {
  const file = join(folder, 'd.duckdb');
  return { file, spool: join(folder, 'spool'), interval: 50, kept: 4e10, onError: () => {} };
};
/** The process that has the database open, of those that this one has started. */
function holderOf(file: string): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const holder = children.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file));
  return Number(holder ?? Number.NaN);
}
const one = [{ all: 1, people: 1 }];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('analytics of several services on one folder', () => {
  it('answer all of them alike, and go on with the second when the first ends', async () => {
    const first = await openSharedAnalytics(options());
    const second = await openSharedAnalytics(options());
    writeFileSync(join(folder, 'spool', '2026-a.ndjson'), line());
    for (const each of [first, second]) {
      await vi.waitFor(async () => expect(await each.ask('total', november)).toEqual(one), { timeout: 10_000 });
    }
    await first.close();
    expect(await Promise.all([second.ask('total', november), second.ready()])).toEqual([one, undefined]);
    writeFileSync(join(folder, 'spool', '2026-b.ndjson'), line());
    await vi.waitFor(async () => expect(await second.ask('total', november)).toEqual([{ all: 2, people: 2 }]), {
      timeout: 10_000,
    });
    await second.close();
  });

  it('go on with all when the process is killed that has the database', async () => {
    const first = await openSharedAnalytics(options());
    const second = await openSharedAnalytics(options());
    process.kill(holderOf(options().file), 'SIGKILL');
    const none = [{ all: 0, people: 0 }];
    // Whoever is asked first takes the place; the other asks it then.
    expect([await second.ask('total', november), await first.ask('total', november)]).toEqual([none, none]);
    await first.close();
    await second.close();
  });

  it('tell of a database that is none at the start', async () => {
    writeFileSync(join(folder, 'd.duckdb'), 'this is no database');
    await expect(openSharedAnalytics(options())).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
