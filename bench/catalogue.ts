import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Catalogue } from '../services/catalogue/index.ts';
import { createSqliteCatalogue } from '../services/catalogue/sqlite.ts';
import { generateModule, moduleName, type Shape } from './catalogue-world.ts';

/**
 * The catalogue port on SQLite by itself: a generated catalogue, then questions at a constant rate whatever the answers,
 * each timed from when it was due. `node bench/catalogue.ts [--modules 100000] [--versions 10] [--file kept.sqlite]`.
 * A file that is there already is measured as it is.
 */
const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '100000' },
    versions: { type: 'string', default: '10' },
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '30' },
    file: { type: 'string' },
  },
});
const shape: Shape = { modules: Number(values.modules), versions: Number(values.versions) };
const folder = values.file === undefined ? await mkdtemp(join(tmpdir(), 'catalogue-bench-')) : undefined;
const catalogue = await createSqliteCatalogue({ file: values.file ?? join(String(folder), 'catalogue.sqlite') });
const say = (line: string) => process.stdout.write(`${line}\n`);

try {
  if ((await catalogue.counts()).modules === 0) await fill();
  const { modules, published, requirements } = await catalogue.counts();
  say(`${modules} modules, ${published} versions, ${requirements} requirements`);
  for (const [name, ask] of questions()) await measure(name, ask);
  say(`resident memory: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
} finally {
  await catalogue.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
}

async function fill(): Promise<void> {
  const started = performance.now();
  for (let i = 0; i < shape.modules; ) {
    const batch = [];
    for (; i < shape.modules && batch.length + shape.versions <= 500; i++) batch.push(...generateModule(i, shape));
    await catalogue.put(batch);
  }
  const seconds = (performance.now() - started) / 1000;
  say(`filled in ${seconds.toFixed(0)} s: ${Math.round((shape.modules * shape.versions) / seconds)} versions a second`);
}

function questions(): [string, (i: number) => Promise<unknown>][] {
  const word = (i: number) =>
    moduleName((i * 7919) % shape.modules)
      .split('/')
      .at(-1) ?? '';
  const common = [
    'go',
    'client',
    'server',
    'http client',
    'json',
    'test util',
    'a fast parser',
    'cloud storage api',
    'cli',
  ];
  const pick = (i: number) => common[i % common.length] ?? '';
  const misspelt = (text: string) => text.slice(0, 3) + text.slice(4);
  const filters = (i: number) => ({ licence: i % 2 === 0 ? 'MIT' : undefined, updatedSince: '2025-07-01T00:00:00Z' });
  const path = (i: number) => moduleName((i * i * 31) % shape.modules);
  return [
    ['search, common words', i => catalogue.search({ text: pick(i), limit: 20 })],
    ['search, a name', i => catalogue.search({ text: word(i), limit: 20 })],
    ['search, misspelt', i => catalogue.search({ text: misspelt(word(i)), limit: 20 })],
    ['search, filters', i => catalogue.search({ text: pick(i), limit: 20, ...filters(i) })],
    [
      'search, mixed',
      i => catalogue.search({ text: i % 3 === 0 ? pick(i) : i % 3 === 1 ? word(i) : misspelt(word(i)), limit: 20 }),
    ],
    ['suggest', i => catalogue.suggest(word(i).slice(0, 1 + (i % 6)), 10)],
    ['module', i => catalogue.module(path(i))],
    ['module, the most used', i => catalogue.module(moduleName(i % 20))],
    ['version', async i => catalogue.version(path(i), (await newest(catalogue, path(i))) ?? '')],
    ['used by', i => catalogue.usedBy({ module: moduleName(i % 100), limit: 50 })],
    ['newest', () => catalogue.newest({ limit: 50 })],
    ['counts', () => catalogue.counts()],
  ];
}

async function newest(from: Catalogue, path: string) {
  return (await from.modules([path]))[0]?.newest;
}

async function measure(name: string, ask: (i: number) => Promise<unknown>): Promise<void> {
  const gap = 1000 / Number(values.rate);
  const count = Math.min(Number(values.rate) * Number(values.seconds), 1000);
  for (let i = 0; i < 50; i++) await ask(i + 5);
  const times: number[] = [];
  const started = performance.now();
  let busy = 0;
  for (let i = 0; i < count; i++) {
    const due = started + i * gap;
    // Timers may fire early, by less than a millisecond.
    while (performance.now() < due)
      await new Promise(resolve => setTimeout(resolve, Math.ceil(due - performance.now())));
    const begun = performance.now();
    await ask(i);
    busy += performance.now() - begun;
    times.push(performance.now() - due);
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => (times[Math.floor(part * (times.length - 1))] ?? 0).toFixed(1).padStart(7);
  say(
    `${name.padEnd(24)} p50${at(0.5)} p99${at(0.99)} max${at(1)} ms, each ${(busy / count).toFixed(2)} ms of the thread`,
  );
}
