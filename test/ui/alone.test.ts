import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../services/config.ts';
import { type Running, run } from '../../services/run.ts';
import { published } from '../catalogue/facts.ts';
import { type Started, startUiBackend } from '../ui-backend/start.ts';

let backend: Started;
let folder: string;
let running: Running;
beforeAll(async () => {
  backend = await startUiBackend({ facts: [published('demo.example/kit@v1.0.0', { synopsis: 'Package kit.' })] });
  await backend.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = backend.app.server.address() as AddressInfo;
  folder = await mkdtemp(join(tmpdir(), 'gocenter-alone-'));
  running = await run({
    config: readConfig({
      ...{ UPSTREAM: 'off', SUMDB: 'off', HOST: '127.0.0.1', UI_PORT: '0', ADMIN_PORT: '0' },
      ...{ DATA_DIR: join(folder, 'data'), API_URL: `http://127.0.0.1:${port}` },
      // Nobody has these: whoever asks for them fails.
      ...{ ORIGIN_URL: 'http://127.0.0.1:1', MESSAGING: `sqlite:${join(folder, 'data', 'messages.sqlite')}` },
    }),
    services: ['ui'],
    tokens: [],
    log: pino({ level: 'silent' }),
    requestLog: undefined,
  });
});
afterAll(async () => {
  await running?.close();
  await backend?.close();
  await rm(folder, { recursive: true });
});

describe('the pages in a process of their own', () => {
  test('show what ui-backend says', async () => {
    for (const path of ['/', '/search?q=kit', '/demo.example/kit', '/status', '/api']) {
      const response = await fetch(`http://127.0.0.1:${running.ports.ui}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      if (path === '/demo.example/kit') expect(await response.text()).toContain('go get demo.example/kit@v1.0.0');
      else await response.body?.cancel();
    }
  });

  test('need nothing but API_URL: no folder, no store, no messaging, no origin', async () => {
    const ready = await fetch(`http://127.0.0.1:${running.ports.admin}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, 'ui-backend': 'ok' }]);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});
