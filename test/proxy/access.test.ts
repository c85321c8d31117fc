import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTokens } from '../../services/proxy/access.ts';
import { startProxy } from './helper.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const tokens = [
  { name: 'team', sha256: sha256('team-secret'), modules: ['corp.example/team'] },
  { name: 'public', sha256: sha256('public-secret') },
];
const as = (token: string) => ({ headers: { Authorization: `Basic ${btoa(`anybody:${token}`)}` } });

let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => {
  proxy = await startProxy({ tokens, config: { PRIVATE_MODULES: ['corp.example'] } });
  await proxy.publish('corp.example/team/a', 'v1.0.0');
  await proxy.publish('pub.example/b', 'v1.0.0');
});
afterAll(() => proxy.close());

describe('private modules', () => {
  const secret = '/corp.example/team/a/@v/v1.0.0.zip';

  it('are served to the token that has the right, and kept by no shared cache', async () => {
    const response = await proxy.get(secret, as('team-secret'));
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
  });

  it('stay hidden from others also when they are hot', async () => {
    await proxy.get(secret, as('team-secret'));
    expect((await proxy.get(secret)).status).toBe(401);
    expect((await proxy.get(secret, as('public-secret'))).status).toBe(403);
    expect((await proxy.get(secret, as('guess'))).status).toBe(401);
  });

  it.each(['/corp.example/team/a/@v/list', '/corp.example/team/a/@latest', '/corp.example/x/@v/main.info'])(
    'are hidden whatever is asked: %s',
    async path => {
      expect((await proxy.get(path)).status).toBe(401);
      expect((await proxy.get(path, as('public-secret'))).status).toBe(403);
    },
  );

  it('answer the same whether they exist or not', async () => {
    const answer = async (path: string) => {
      const response = await proxy.get(path, as('public-secret'));
      return [response.status, await response.text()];
    };
    expect(await answer('/corp.example/team/a/@v/v1.0.0.info')).toEqual(
      await answer('/corp.example/team/a/@v/v1.9.9.info'),
    );
  });
});

describe('public modules', () => {
  it('are served with and without a known token, but not with a wrong one', async () => {
    const path = '/pub.example/b/@v/v1.0.0.info';
    expect((await proxy.get(path)).status).toBe(200);
    expect((await proxy.get(path, as('public-secret'))).status).toBe(200);
    const wrong = await proxy.get(path, as('guess'));
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic /);
  });

  it('need a token where one is required, from memory too', async () => {
    const closed = await startProxy({ tokens, config: { REQUIRE_TOKEN: true } });
    await closed.publish('pub.example/b', 'v1.0.0');
    const path = '/pub.example/b/@v/v1.0.0.info';
    expect((await closed.get(path, as('public-secret'))).status).toBe(200);
    expect((await closed.get(path)).status).toBe(401);
    await closed.close();
  });
});

describe('a tokens file', () => {
  const token = { name: 'a', sha256: sha256('x') };
  it.each([
    [
      'a setting that there is not',
      { tokens: [{ ...token, module: [] }] },
      '/tokens/0/module: there is no such setting',
    ],
    ['a token instead of its hash', { tokens: [{ ...token, sha256: 'x' }] }, '/tokens/0/sha256: must match'],
    ['the same token twice', { tokens: [token, { ...token, name: 'b' }] }, 'gives a and b the same token'],
    ['a malformed pattern', { tokens: [{ ...token, modules: ['['] }] }, 'the token a has [, which is no pattern'],
    ['a pattern with a version', { tokens: [{ ...token, modules: ['c.example@v1.0.0'] }] }, 'write no version'],
  ])('with %s is refused, and the sentence says where', async (_, content, why) => {
    const folder = await mkdtemp(`${tmpdir()}/tokens-`);
    try {
      await writeFile(`${folder}/tokens.json`, JSON.stringify(content));
      await expect(readTokens(`${folder}/tokens.json`)).rejects.toThrow(why);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the rate limit', () => {
  it('refuses a client beyond its burst with 429 and Retry-After, from memory too', async () => {
    const limited = await startProxy({ config: { RATE_LIMIT: 5 } });
    await limited.publish('pub.example/b', 'v1.0.0');
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) {
      const response = await limited.get('/pub.example/b/@v/v1.0.0.info');
      await response.text();
      statuses.push(response.status);
      if (response.status === 429) expect(response.headers.get('retry-after')).toBe('1');
    }
    expect(statuses.slice(0, 10)).toEqual(new Array(10).fill(200));
    expect(statuses).toContain(429);
    await limited.close();
  });

  it('counts each client by the address that a trusted proxy tells', async () => {
    const limited = await startProxy({ config: { RATE_LIMIT: 1, TRUSTED_PROXIES: ['127.0.0.1'] } });
    await limited.publish('pub.example/b', 'v1.0.0');
    const status = async (client: string) =>
      (await limited.get('/pub.example/b/@v/v1.0.0.info', { headers: { 'X-Forwarded-For': client } })).status;
    expect([await status('192.0.2.1'), await status('192.0.2.1'), await status('192.0.2.1')]).toEqual([200, 200, 429]);
    expect(await status('192.0.2.2')).toBe(200);
    await limited.close();
  });
});

describe('the request log', () => {
  it('has one line a request with module, version, kind, status, bytes, cache and duration, and no address', async () => {
    const before = proxy.lines.length;
    await (await proxy.get('/pub.example/b/@v/v1.0.0.zip')).text();
    await (await proxy.get('/pub.example/b/@v/v1.0.0.zip')).text();
    await (await proxy.get('/nonsense')).text();
    const lines = proxy.lines.slice(before);
    expect(lines).toMatchObject([
      { module: 'pub.example/b', version: 'v1.0.0', kind: 'zip', status: 200, bytes: 9, cache: 'store' },
      { module: 'pub.example/b', version: 'v1.0.0', kind: 'zip', status: 200, bytes: 9, cache: 'memory' },
      { kind: 'other', status: 404, cache: 'none' },
    ]);
    for (const line of lines) {
      expect(line.durationMs).toBeTypeOf('number');
      expect(Date.parse(String(line.time))).toBeGreaterThan(0);
      expect(JSON.stringify(line)).not.toMatch(/127\.0\.0\.1|authorization|secret/i);
    }
  });
});
