import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSqliteMessaging } from '../../services/messaging/sqlite.ts';
import { until } from '../messaging/helpers.ts';

const program = fileURLToPath(import.meta.resolve('../messaging/kill-worker.ts'));

const told = { published: new Set<string>(), handled: new Set<string>() };

/** Runs a worker, kills it `delay` milliseconds after it is ready, and notes what it told. */
async function runAndKill(file: string, run: number, delay: number): Promise<void> {
  const worker = spawn(process.execPath, [program, file, String(run)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(worker, 'exit');
  for await (const line of createInterface({ input: worker.stdout })) {
    const [what, version = ''] = line.split(' ');
    if (what === 'ready') setTimeout(() => worker.kill('SIGKILL'), delay);
    if (what === 'published' || what === 'handled') told[what].add(version);
  }
  expect((await exit)[1]).toBe('SIGKILL');
}

describe('messaging killed with SIGKILL', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(`${tmpdir()}/messaging-kill-`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('at any moment, 2 processes at a time on one file: every acknowledged message is handled', async () => {
    const file = `${folder}/queue.db`;
    const rounds = async (first: number) => {
      for (let round = first; round < 52; round += 2) await runAndKill(file, round, (round * 53) % 97);
    };
    await Promise.all([rounds(0), rounds(1)]);
    expect(told.published.size).toBeGreaterThan(52);

    const messaging = await createSqliteMessaging({ file, maxAttempts: 1000, lease: 200 });
    messaging.subscribe('processor', async ({ version }) => void told.handled.add(version), { concurrency: 20 });
    await until(async () => (await messaging.backlog('processor')).depth === 0, 20_000);
    expect([...told.published].filter(version => !told.handled.has(version))).toEqual([]);
    expect(await messaging.deadLetters('processor')).toEqual([]);
    await messaging.close();

    const db = new DatabaseSync(file);
    expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    expect(
      db.prepare('SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM deliveries) AS rows').get(),
    ).toEqual({
      rows: 0,
    });
    db.close();
  });
});
