import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { syntheticModule } from '../upstream/index.ts';
import { get, untilIdle } from './client.ts';
import { openWorld } from './world.ts';
import { startService } from './service.ts';
const preload = fileURLToPath(import.meta.resolve('./crash-points.ts'));
test('probe', async () => {
  const good = ['v1.0.0', 'v1.1.0'].map(v => syntheticModule('example.com/good', v, 20_000));
  const bad = ['v1.0.0', 'v1.1.0'].map(v => syntheticModule('example.com/denied', v, 20_000));
  const world = await openWorld({ modules: [...good, ...bad], settings: { DENY: 'example.com/denied', LEASE: '500ms' } });
  await world.service.kill();
  for (let i = 0; i < 3; i++) {
    const t = performance.now();
    world.service = await startService({ settings: world.settings, preload });
    console.log('start', performance.now() - t);
    if (i < 2) await world.service.kill();
  }
  const run = async (m) => {
    world.service.process.send({ dieAt: 0 });
    console.log(await once(world.service.process, 'message'));
    const t = performance.now();
    console.log((await get(world.urlOf(m))).status, performance.now() - t);
    await untilIdle(world.service.admin);
    const reply = once(world.service.process, 'message');
    world.service.process.send('count');
    const [{ calls }] = await reply;
    console.log(calls.length, calls.join('\n'));
  };
  for (const m of [good[0], good[1], bad[0], bad[1], { path: 'example.com/missing', version: 'v1.0.0' }]) await run(m);
  await world.close();
});
