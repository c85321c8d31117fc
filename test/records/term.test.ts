import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTerm } from '../../services/records/term.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { Storage } from '../../services/storage/index.ts';
import { keysOf } from '../validator/helpers.ts';

let folder: string;
let storage: Storage;
let time: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gocenter-term-'));
  storage = await createFileStorage({ root: folder });
  time = 1_000_000;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () => createTerm({ storage, root: 'a/term-', length: 1000, now: () => time });

test('of many who ask at once one holds it, and goes on holding it while it asks again', async () => {
  const terms = Array.from({ length: 20 }, open);
  const first = await Promise.all(terms.map(term => term.holds()));
  expect(first.filter(Boolean)).toHaveLength(1);
  const holder = first.indexOf(true);
  for (let step = 0; step < 20; step++) {
    time += 300;
    await terms[holder]?.holds();
    expect(
      (await Promise.all(terms.map(term => term.holds()))).map((held, i) => held === (i === holder)),
    ).not.toContain(false);
  }
  expect((await keysOf(storage)).length).toBeLessThanOrEqual(3);
});

test('of a holder that died it is free within two terms, and only then; what the dead has left is removed', async () => {
  const [dead, heir] = [open(), open()];
  time += 500; // so that the next term is taken as well
  expect(await dead.holds()).toBe(true);
  time += 1400;
  expect(await heir.holds()).toBe(false);
  time += 100;
  expect(await heir.holds()).toBe(true);
  time += 1000;
  expect(await heir.holds()).toBe(true);
  await heir.resign();
  expect(await keysOf(storage)).toEqual([]);
});

test('once resigned it is another’s at once, and nothing is left of it', async () => {
  const [first, second] = [open(), open()];
  time += 900;
  expect([await first.holds(), await second.holds()]).toEqual([true, false]);
  await first.resign();
  expect(await second.holds()).toBe(true);
  await second.resign();
  await second.resign();
  expect(await keysOf(storage)).toEqual([]);
});

test('a holder that slept through its terms holds it no more when another has it', async () => {
  const [slow, other] = [open(), open()];
  expect(await slow.holds()).toBe(true);
  time += 3000;
  expect([await other.holds(), await slow.holds()]).toEqual([true, false]);
});

test('a term that is being taken while it resigns does not outlast the resignation', async () => {
  const [first, second] = [open(), open()];
  const holding = first.holds();
  await Promise.all([holding, first.resign()]);
  expect(await first.holds()).toBe(false);
  expect(await keysOf(storage)).toEqual([]);
  expect(await second.holds()).toBe(true);
});
