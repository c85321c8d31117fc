import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type FixtureModule,
  loadFixtures,
  moduleZip,
  startUpstream,
  syntheticModule,
  type Upstream,
  zipBomb,
} from './index.ts';

const small: FixtureModule = {
  path: 'example.com/Small',
  version: 'v1.0.0',
  time: '2024-01-01T00:00:00Z',
  files: { 'go.mod': 'module example.com/Small\n', 'small.go': 'package small\n' },
  queries: ['main'],
};
const bare: FixtureModule = {
  path: 'example.com/bare',
  version: 'v0.1.0',
  time: small.time,
  files: { 'a.go': 'package a\n' },
};
const base = '/example.com/!small';

let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream({
    modules: [...(await loadFixtures()), small, bare],
    sumdb: { name: 'sum.example.com', read: async path => (path === 'latest' ? Buffer.from('note') : undefined) },
  });
});
afterEach(() => upstream.close());

const get = (path: string) => fetch(upstream.url + path);
const bodyOf = async (path: string) => (await get(path)).text();
const bytesOf = async (path: string) => Buffer.from(await (await get(path)).arrayBuffer());

describe('a fixture upstream', () => {
  test('lists tagged versions, and none where there are only pseudo-versions', async () => {
    expect(await bodyOf('/example.com/text/@v/list')).toBe('v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0-rc.1\n');
    const empty = await get('/example.com/untagged/@v/list');
    expect([empty.status, await empty.text()]).toEqual([200, '']);
  });

  test('knows the latest: a release before a pre-release before a pseudo-version', async () => {
    const latest = async (path: string) => JSON.parse(await bodyOf(`/${path}/@latest`)).Version;
    expect(await latest('example.com/text')).toBe('v1.2.0');
    expect(await latest('example.com/beta')).toBe('v0.1.0-beta.2');
    expect(await latest('example.com/untagged')).toBe('v0.0.0-20240402000000-bbbbbbbbbbbb');
  });

  test('serves info, mod and zip with their types and lengths', async () => {
    const zip = await moduleZip(small);
    for (const [extension, type, length] of [
      ['info', 'application/json', undefined],
      ['mod', 'text/plain; charset=utf-8', 25],
      ['zip', 'application/zip', zip.length],
    ] as const) {
      const response = await get(`${base}/@v/v1.0.0.${extension}`);
      expect(response.headers.get('content-type')).toBe(type);
      const body = await response.arrayBuffer();
      expect(response.headers.get('content-length')).toBe(String(length ?? body.byteLength));
    }
    expect(await bytesOf(`${base}/@v/v1.0.0.zip`)).toEqual(zip);
    expect(JSON.parse(await bodyOf(`${base}/@v/v1.0.0.info`))).toMatchObject({ Version: 'v1.0.0', Time: small.time });
  });

  test('makes up a go.mod where there is none', async () => {
    expect(await bodyOf('/example.com/bare/@v/v0.1.0.mod')).toBe('module example.com/bare\n');
  });

  test('resolves branches and commits by info only', async () => {
    const info = JSON.parse(await bodyOf('/example.com/text/@v/main.info'));
    expect(info.Version).toBe('v1.2.1-0.20240501101112-0123456789ab');
    expect((await get('/example.com/text/@v/main.zip')).status).toBe(404);
  });

  test('says 404 for what it does not have', async () => {
    for (const path of ['/example.com/none/@v/list', '/example.com/text/@v/v9.0.0.info', '/nothing', '/']) {
      expect((await get(path)).status, path).toBe(404);
    }
  });

  test('unescapes upper-case letters in versions', async () => {
    expect((await get('/example.com/!case/!camel!case/@v/v1.1.0-!r!c1.info')).status).toBe(200);
    expect((await get('/example.com/Case/CamelCase/@v/v1.1.0-!r!c1.info')).status).toBe(200);
  });

  test('passes on a checksum database', async () => {
    expect(await bodyOf('/sumdb/sum.example.com/supported')).toBe('');
    expect(await bodyOf('/sumdb/sum.example.com/latest')).toBe('note');
    expect((await get('/sumdb/sum.example.com/lookup/a.com/b@v1.0.0')).status).toBe(404);
    expect((await get('/sumdb/other.example.com/supported')).status).toBe(404);
  });

  test('counts and logs requests, and takes modules added later', async () => {
    upstream.add({ ...small, version: 'v1.1.0' });
    expect((await get(`${base}/@v/v1.1.0.info`)).status).toBe(200);
    await get(`${base}/@v/list?x=1`);
    expect(upstream.requests.count(`${base}/@v/list`)).toBe(1);
    expect(upstream.requests.count(/small/)).toBe(2);
    expect(upstream.requests.log[0]).toMatchObject({ method: 'GET', path: `${base}/@v/v1.1.0.info` });
    upstream.requests.clear();
    expect(upstream.requests.count()).toBe(0);
  });
});

describe('a faulty upstream', () => {
  const zipPath = `${base}/@v/v1.0.0.zip`;

  /** What arrives at a client that keeps what it got when the connection breaks. */
  const received = (path: string) =>
    new Promise<{ declared: number; body: Buffer; error?: string }>((resolve, reject) => {
      request(upstream.url + path, response => {
        const chunks: Buffer[] = [];
        const done = (error?: Error) =>
          resolve({
            declared: Number(response.headers['content-length']),
            body: Buffer.concat(chunks),
            ...(error && { error: error.message }),
          });
        response.on('data', chunk => chunks.push(chunk));
        response.on('end', () => done()).on('error', done);
      })
        .on('error', reject)
        .end();
    });

  /** The bytes of an answer as they are sent, until the connection closes. */
  const wire = async (path: string): Promise<Buffer> => {
    const socket = connect(Number(new URL(upstream.url).port), '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    return Buffer.concat(await socket.toArray());
  };

  test('answers with a status, for as many requests as told', async () => {
    upstream.setFault(zipPath, { kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 2);
    const statuses = [await get(zipPath), await get(zipPath), await get(zipPath)].map(({ status }) => status);
    expect(statuses).toEqual([429, 429, 200]);
  });

  test('resets the connection, or refuses it while down, and comes back', async () => {
    const remove = upstream.setFault(/zip$/, { kind: 'reset' });
    await expect(received(zipPath)).rejects.toMatchObject({ code: 'ECONNRESET' });
    remove();
    await upstream.down();
    await expect(received(zipPath)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await upstream.up();
    expect((await get(zipPath)).status).toBe(200);
  });

  test('hangs', async () => {
    upstream.setFault(zipPath, { kind: 'hang' });
    await expect(fetch(upstream.url + zipPath, { signal: AbortSignal.timeout(100) })).rejects.toThrow('timeout');
    expect(upstream.requests.count(zipPath)).toBe(1);
  });

  test('answers late, or in drips', async () => {
    const whole = await moduleZip(small);
    for (const fault of [
      { kind: 'delay', ms: 100 },
      { kind: 'drip', bytes: Math.ceil(whole.length / 4), ms: 30 },
    ] as const) {
      upstream.setFault(zipPath, fault);
      const start = performance.now();
      expect(await bytesOf(zipPath)).toEqual(whole);
      expect(performance.now() - start).toBeGreaterThan(80);
    }
  });

  test('truncates after some bytes', async () => {
    upstream.setFault(zipPath, { kind: 'truncate', after: 100 });
    const whole = await moduleZip(small);
    expect(await received(zipPath)).toEqual({ declared: whole.length, body: whole.subarray(0, 100), error: 'aborted' });
  });

  test('lies about the length in both directions', async () => {
    const whole = await moduleZip(small);
    upstream.setFault(zipPath, { kind: 'wrong-length', length: whole.length + 50 });
    expect(await received(zipPath)).toMatchObject({ declared: whole.length + 50, body: whole, error: 'aborted' });

    upstream.setFault(zipPath, { kind: 'wrong-length', length: 50 });
    const raw = await wire(zipPath);
    expect(raw.toString('latin1')).toMatch(/content-length: 50\r\n/);
    expect(raw.subarray(-whole.length)).toEqual(whole);

    upstream.setFault(zipPath, { kind: 'cut', length: 50 });
    expect(await received(zipPath)).toEqual({ declared: 50, body: whole.subarray(0, 50) });
  });

  test('serves another module, and changed bytes', async () => {
    upstream.setFault(zipPath, { kind: 'other', path: 'example.com/text', version: 'v1.2.0' });
    expect(await bytesOf(zipPath)).toEqual(await bytesOf('/example.com/text/@v/v1.2.0.zip'));
    upstream.clearFaults();
    const before = await bodyOf(`${base}/@v/v1.0.0.mod`);
    upstream.setFault(/v1\.0\.0/, { kind: 'changed' });
    expect(await bodyOf(`${base}/@v/v1.0.0.mod`)).toBe(`${before}\n// changed\n`);
    expect(await bytesOf(zipPath)).not.toEqual(await moduleZip(small));
  });

  test('serves a zip bomb', async () => {
    upstream.setFault(zipPath, { kind: 'bomb', bytes: 20 << 20, declared: 1000 });
    expect((await bytesOf(zipPath)).length).toBeLessThan(200_000);
  });
});

describe('fixture zips', () => {
  test('are the same bytes for the same module, in whatever order its files are given', async () => {
    const zip = await moduleZip(small);
    const files = Object.fromEntries(Object.entries(small.files).reverse());
    expect(await moduleZip({ ...small, files })).toEqual(zip);
    const root = 'example.com/Small@v1.0.0';
    expect(zip.indexOf(`${root}/small.go`)).toBeGreaterThan(zip.indexOf(`${root}/go.mod`));
  });

  test('of synthetic modules have the size asked for and do not compress', async () => {
    for (const bytes of [18 << 10, 2 << 20]) {
      const zip = await moduleZip(syntheticModule('example.com/big', 'v1.0.0', bytes));
      expect(Math.abs(zip.length - bytes)).toBeLessThan(1024);
    }
  });

  test('may declare less than they inflate to', async () => {
    const bomb = await zipBomb('example.com/bomb', 'v1.0.0', 5 << 20, 10);
    expect(bomb.length).toBeLessThan(100_000);
    expect(bomb.readUInt32LE(bomb.lastIndexOf(Buffer.from('PK\x01\x02')) + 24)).toBe(10);
  });
});
