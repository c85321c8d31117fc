import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileStorage } from '../../services/storage/files.ts';
import { keysOf, numberIn, readWith } from '../storage/helpers.ts';

const program = fileURLToPath(import.meta.resolve('../storage/kill-writer.ts'));

/** What a killed writer had been told, by key: the number last put, 0 when deleted, undefined when unknown. */
type Acknowledged = Map<string, number | undefined>;

/** Runs a writer until it is killed, by itself before call `dieAt` or by us `delay` milliseconds after it is ready. */
async function runUntilKilled(root: string, run: string, { dieAt = 0, delay = 0 }): Promise<Acknowledged> {
  const writer = spawn(process.execPath, [program, root, run, String(dieAt)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(writer, 'exit');
  const acknowledged: Acknowledged = new Map();
  for await (const line of createInterface({ input: writer.stdout })) {
    const [what, key = '', n] = line.split(' ');
    if (what === 'ready' && dieAt === 0) setTimeout(() => writer.kill('SIGKILL'), delay);
    if (what === 'put') acknowledged.set(key, Number(n));
    if (what === 'deleting') acknowledged.set(key, undefined);
    if (what === 'deleted') acknowledged.set(key, 0);
  }
  expect((await exit)[1]).toBe('SIGKILL');
  return acknowledged;
}

/** Everything listed is whole, everything acknowledged is there, nothing deleted is back, nothing half is left. */
async function check(root: string, acknowledged: Acknowledged): Promise<void> {
  const storage = await createFileStorage({ root });
  expect(await readdir(`${root}/.tmp`)).toEqual([]);
  const found = new Map<string, number>();
  for (const key of await keysOf(storage, '')) found.set(key, numberIn(key, (await readWith(storage, key)).bytes));
  for (const [key, n] of acknowledged) {
    if (n === 0) expect(found.get(key)).toBeUndefined();
    else if (n !== undefined) expect(found.get(key)).toBeGreaterThanOrEqual(n);
  }
}

describe('storage killed with SIGKILL', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(`${tmpdir()}/storage-kill-`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  // Two at once: starting a process is most of the time.
  const calls = Array.from({ length: 45 }, (_, i) => i + 1);
  test.concurrent.each([0, 1])(
    'before each of its file system calls keeps what it acknowledged, whole (%i)',
    async half => {
      for (const dieAt of calls.filter(call => call % 2 === half)) {
        const root = `${folder}/call-${dieAt}`;
        await check(root, await runUntilKilled(root, `call-${dieAt}`, { dieAt }));
      }
    },
  );

  test('at any moment, again and again on one root, keeps what it acknowledged, whole', async () => {
    const root = `${folder}/any-moment`;
    const all: Acknowledged = new Map();
    for (let round = 0; round < 15; round++) {
      const delay = (round * 37) % 61;
      const acknowledged = await runUntilKilled(root, `round-${round}`, { delay });
      await check(root, acknowledged);
      for (const [key, n] of acknowledged) all.set(key, n);
    }
    all.delete('current'); // each writer counts it from 1
    await check(root, all);
  });
});
