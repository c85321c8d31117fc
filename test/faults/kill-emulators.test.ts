import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Service, startService } from '../e2e/service.ts';
import { backendKinds, startBackends } from '../emulators/backends.ts';
import { startUpstream, syntheticModule } from '../upstream/index.ts';
import { askUntil, fileUrl, get, until } from './client.ts';
import { createRandom } from './random.ts';
import { operate } from './service.ts';
import { expectedBytes, listedIn, nameOf } from './stores.ts';

const hasGo = spawnSync('go', ['version']).status === 0;
const rounds = 5;
const kinds = backendKinds.filter(kind => kind !== 'embedded');

/** kill-loop.test.ts looks into the embedded stores after each kill; this one asks the service in the end. */
describe.skipIf(!hasGo)(`killed ${rounds} times while clients use it (needs Go)`, () => {
  test.each(kinds)('on %s it loses nothing, publishes nothing twice, and all goes on', async kind => {
    const random = createRandom(7);
    const folder = await mkdtemp(join(tmpdir(), 'gocenter-kill-'));
    await using backends = await startBackends(kind);
    const all = Array.from({ length: rounds * 12 }, (_, i) =>
      syntheticModule(`example.com/m${i}`, 'v1.0.0', 20_000 + i * 1000),
    );
    const upstream = await startUpstream({ modules: all });
    const settings = {
      ...backends.settings,
      DATA_DIR: folder,
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      UPSTREAM: upstream.url,
      PRIVATE_UPSTREAM: upstream.url,
      SUMDB: 'off',
      RATE_LIMIT: '0',
      ...(backends.messaging === undefined && { LEASE: '1s' }),
    };
    const zipOf = (service: Service, { path, version }: { path: string; version: string }) =>
      fileUrl(service.url, path, version, 'zip');
    let service: Service | undefined;
    try {
      for (let round = 0; round < rounds; round++) {
        const running = await startService(settings);
        service = running;
        const asked = all.slice(round * 12, round * 12 + 12);
        const answers = asked.map(version => get(zipOf(running, version)).catch(() => undefined));
        await new Promise(resolve => setTimeout(resolve, 30 + random() * 400));
        await running.stop('SIGKILL');
        await Promise.all(answers);
      }
      const last = await startService(settings);
      service = last;
      for (const version of all) await askUntil(zipOf(last, version), 200, 60_000);
      for (const version of all) {
        expect((await get(zipOf(last, version))).bytes.equals((await expectedBytes(version)).zip as Buffer)).toBe(true);
      }
      await until(
        'no message waits',
        async () => {
          const { text } = await get(`${last.admin}/metrics`);
          return (
            (text.match(/^gocenter_queue_depth\{subscription="(?:processor|validator)"\} 0$/gm) ?? []).length === 2
          );
        },
        90_000,
      );
      const { text } = await get(`${last.url}/index?limit=2000`);
      expect(listedIn(text).toSorted()).toEqual(all.map(nameOf).toSorted());
      expect((await operate(settings, 'alarms')).out).toBe('There are no alarms.\n');
      expect((await operate(settings, 'dead-letters')).out).toBe('There are no dead letters.\n');
    } finally {
      await service?.stop('SIGKILL');
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
