import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadProgram, programOutput, syntheticModule } from '../upstream/index.ts';
import { hasGo } from './go.ts';
import { type Process, ready, type Service, startProcess } from './service.ts';
import { until } from './until.ts';
import { openWorld, type World } from './world.ts';

const names = ['hang', 'slow', 'lost', 'killed', 'plain'];
const modules = names.map(name => syntheticModule(`example.com/${name}`, 'v1.0.0', 2000));
const large = syntheticModule('example.com/large', 'v1.0.0', 40 << 20);
const file = (service: Service, name: string, kind = 'info') => `${service.url}/example.com/${name}/@v/v1.0.0.${kind}`;

const status = async (url: string) => (await fetch(url)).status;
const readiness = async (service: Service) => {
  const response = await fetch(`${service.admin}/readyz`);
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
};

/** An answer whose body nobody reads yet. */
const opened = async (url: string) => (await once(get(url, { agent: false }), 'response'))[0] as IncomingMessage;

let world: World;
beforeAll(async () => {
  if (!hasGo) return;
  world = await openWorld([...modules, large]);
});
afterEach(() => world?.upstream.clearFaults());
afterAll(() => world?.close());

describe.skipIf(!hasGo)('a service that starts (needs go for a checksum database)', () => {
  test('by npm start: it says what it does, then the line to paste; Ctrl-C drains and ends it with 0', async () => {
    const from = performance.now();
    const npm = ['setsid', '--wait', 'npm', 'start', '--ignore-scripts'];
    const child = startProcess([], world.settings, npm);
    const service = await ready(child);
    console.log(`npm start was ready after ${((performance.now() - from) / 1000).toFixed(2)} s`);
    await until('the line to paste is said', () => service.said().includes('export GOPROXY'));
    expect(service.said()).toMatch(/opening the backends.*\n.*processor.*\n.*validator.*\n.*proxy.*\n.*health/);
    expect(service.said()).toContain(`\n    export GOPROXY=${service.url}\n`);
    expect((await readiness(service)).status).toBe(200);
  });
});
