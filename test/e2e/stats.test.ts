import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syntheticModule } from '../upstream/index.ts';
import { startProcess } from './service.ts';
import { until } from './until.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld([syntheticModule('example.com/counted', 'v1.0.0', 2000)]);
});
afterAll(() => world.close());

test('what was downloaded is told by the commands, while the services run and after them', async () => {
  const service = await world.start();
  const zip = await fetch(`${service.url}/example.com/counted/@v/v1.0.0.zip`);
  expect([zip.status, (await zip.arrayBuffer()).byteLength > 0]).toEqual([200, true]);

  const stats = () => startProcess(['stats', 'top-modules', '--format', 'json'], world.settings).ended;
  const expected = [{ module: 'example.com/counted', all: 1, people: 1 }];
  await until('the download is counted', async () => (await stats()).wrote.includes('example.com/counted'));
  expect(JSON.parse((await stats()).wrote)).toEqual(expected);

  const file = join(world.folder, 'x.parquet');
  expect((await startProcess(['export', '--days', '2', file], world.settings).ended).code).toBe(0);
  expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1');

  await service.stop('SIGTERM');
  expect(JSON.parse((await stats()).wrote)).toEqual(expected);
});
