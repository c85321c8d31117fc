import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { startProxy } from './helper.ts';

const module = 'a.example/m';
const zip = Buffer.from('0123456789'.repeat(10));

let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => {
  proxy = await startProxy();
  for (const version of ['v1.0.0', 'v1.10.0', 'v1.2.0', 'v1.11.0-rc.1', 'v0.0.0-20260102030405-abcdefabcdef']) {
    await proxy.publish(module, version, zip);
  }
});
afterAll(() => proxy.close());

const text = async (path: string, init?: RequestInit) => (await proxy.get(path, init)).text();

describe('a published version', () => {
  it('is served with its type, length, tag and a year of immutable caching', async () => {
    const types = { info: 'application/json', mod: 'text/plain; charset=utf-8', zip: 'application/zip' };
    for (const [extension, type] of Object.entries(types)) {
      const response = await proxy.get(`/${module}/@v/v1.0.0.${extension}`);
      const body = Buffer.from(await response.arrayBuffer());
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe(type);
      expect(response.headers.get('content-length')).toBe(String(body.length));
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(response.headers.get('etag')).toMatch(/^"[0-9A-Za-z-]+"$/);
    }
  });

  it('is the same from memory as from the store', async () => {
    const path = `/${module}/@v/v1.2.0.zip`;
    const first = await proxy.get(path);
    const second = await proxy.get(path);
    const headers = (response: Response) => [...response.headers].filter(([name]) => name !== 'date');
    expect(headers(second)).toEqual(headers(first));
    expect(await second.text()).toBe(await first.text());
    expect(proxy.lines.slice(-2).map(line => line.cache)).toEqual(['store', 'memory']);
  });

  it('is found under another spelling of its address', async () => {
    expect(await text(`/a.example/%6d/@v/v1.0.0.zip`)).toBe(zip.toString());
  });

  it('is not served before its .info, the commit mark, is there', async () => {
    await proxy.published.put('a.example/half/@v/v1.0.0.zip', zip);
    const response = await proxy.get('/cached-only/a.example/half/@v/v1.0.0.zip');
    expect(response.status).toBe(404);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const response = await proxy.get(`/${module}/@v/v1.0.0.zip`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('100');
    expect(await response.text()).toBe('');
  });
});

describe('ranges', () => {
  const range = (value: string, more: Record<string, string> = {}) =>
    proxy.get(`/${module}/@v/v1.0.0.zip`, { headers: { Range: value, ...more } });

  it.each([
    ['bytes=0-9', 'bytes 0-9/100', '0123456789'],
    ['bytes=95-', 'bytes 95-99/100', '56789'],
    ['bytes=-3', 'bytes 97-99/100', '789'],
    ['bytes=98-1000', 'bytes 98-99/100', '89'],
    ['bytes=-1000', 'bytes 0-99/100', zip.toString()],
  ])('%s is answered with %s', async (value, contentRange, body) => {
    const response = await range(value);
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(contentRange);
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(await response.text()).toBe(body);
  });

  it.each(['bytes=100-', 'bytes=-0', 'bytes=500-600'])('%s is not satisfiable', async value => {
    const response = await range(value);
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */100');
  });

  it.each(['bytes=5-2', 'lines=1-2', 'bytes=', 'bytes=a-b', 'bytes=0-1,5-6', 'bytes=-'])(
    '%s gets the whole',
    async value => {
      const response = await range(value);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(zip.toString());
    },
  );

  it('If-Range gives the part for the same tag and the whole for another', async () => {
    const etag = (await range('bytes=0-0')).headers.get('etag') ?? '';
    expect((await range('bytes=0-9', { 'If-Range': etag })).status).toBe(206);
    expect((await range('bytes=0-9', { 'If-Range': '"other"' })).status).toBe(200);
  });
});

describe('conditional requests', () => {
  it('get 304 for the tag, a list of tags, a weak tag, the star and the date', async () => {
    const path = `/${module}/@v/v1.0.0.info`;
    const { headers } = await proxy.get(path);
    const etag = headers.get('etag') ?? '';
    const modified = headers.get('last-modified') ?? '';
    const conditions: Record<string, string>[] = [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"x", ${etag}` },
      { 'If-None-Match': `W/${etag}` },
      { 'If-None-Match': '*' },
      { 'If-Modified-Since': modified },
    ];
    for (const condition of conditions) {
      const response = await proxy.get(path, { headers: condition });
      expect([response.status, condition]).toEqual([304, condition]);
      expect(await response.text()).toBe('');
      expect(response.headers.get('etag')).toBe(etag);
    }
  });

  it('get 412 where they allow only another', async () => {
    const path = `/${module}/@v/v1.0.0.info`;
    const etag = (await proxy.get(path)).headers.get('etag') ?? '';
    const status = async (headers: Record<string, string>) => (await proxy.get(path, { headers })).status;
    expect(await status({ 'If-Match': '"other"' })).toBe(412);
    expect(await status({ 'If-Unmodified-Since': new Date(0).toUTCString() })).toBe(412);
    expect(await status({ 'If-Match': etag })).toBe(200);
    expect(await status({ 'If-Match': '*' })).toBe(200);
  });

  it('get the whole for another tag, whatever the date says', async () => {
    const headers = { 'If-None-Match': '"other"', 'If-Modified-Since': new Date(Date.now() + 1e6).toUTCString() };
    expect((await proxy.get(`/${module}/@v/v1.0.0.info`, { headers })).status).toBe(200);
  });
});

describe('with the origin silent', () => {
  it('the list is what is published: ascending, no pseudo-versions, cached for a minute', async () => {
    const response = await proxy.get(`/${module}/@v/list`);
    expect(await response.text()).toBe('v1.0.0\nv1.2.0\nv1.10.0\nv1.11.0-rc.1\n');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=60, stale-if-error=86400');
  });

  it('@latest is the highest release', async () => {
    const response = await proxy.get(`/${module}/@latest`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ Version: 'v1.10.0' });
  });

  it('a commit is resolved when its pseudo-version is published', async () => {
    const info = (await (await proxy.get(`/${module}/@v/abcdefabcdef0123.info`)).json()) as { Version: string };
    expect(info.Version).toBe('v0.0.0-20260102030405-abcdefabcdef');
  });

  it('what nobody has here is 503, not 404, and never cached', async () => {
    for (const path of ['/b.example/x/@v/list', '/b.example/x/@latest', `/${module}/@v/main.info`]) {
      const response = await proxy.get(path);
      expect(response.status).toBe(503);
      expect(await response.text()).toBe('unavailable: the origin does not answer\n');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });
});

describe('with the origin hanging', () => {
  it('a list and a branch are answered after FETCH_TIMEOUT: by what is published, or 504', async () => {
    const hang = () => new Promise<never>(() => {});
    const here = await startProxy({ config: { FETCH_TIMEOUT: 50 }, origin: { list: hang, query: hang } });
    await here.publish(module, 'v1.0.0');
    expect(await (await here.get(`/${module}/@v/list`)).text()).toBe('v1.0.0\n');
    const response = await here.get(`/${module}/@v/main.info`);
    expect(response.status).toBe(504);
    expect(await response.text()).toMatch(
      /^timed out: the origin has not answered for a.example\/m@main within 0.05 s/,
    );
    await here.close();
  });
});

describe('with the origin answering', () => {
  it('the list is the union, and is asked for once while fresh', async () => {
    let asked = 0;
    const list = async () => {
      asked += 1;
      return ['v1.3.0', 'v1.0.0', 'v0.0.0-20260101000000-000000000000', 'not-a-version'];
    };
    const here = await startProxy({ origin: { list } });
    await here.publish(module, 'v1.0.0');
    await here.publish(module, 'v1.4.0');
    for (let i = 0; i < 3; i++)
      expect(await (await here.get(`/${module}/@v/list`)).text()).toBe('v1.0.0\nv1.3.0\nv1.4.0\n');
    expect(asked).toBe(1);
    await here.close();
  });

  it('a module that no origin knows is 404, and one that is kept here lives on', async () => {
    const unknown = async () => {
      throw new Fault('not-found', 'no origin knows it');
    };
    const here = await startProxy({ origin: { list: unknown, latest: unknown, query: unknown } });
    await here.publish(module, 'v1.0.0');
    expect((await here.get(`/${module}/@v/list`)).status).toBe(200);
    expect((await here.get(`/${module}/@latest`)).status).toBe(200);
    const response = await here.get('/b.example/x/@v/list');
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
    await here.close();
  });

  it('a module without tags has an empty list', async () => {
    const here = await startProxy({ origin: { list: async () => [] } });
    const response = await here.get('/b.example/x/@v/list');
    expect([response.status, await response.text()]).toEqual([200, '']);
    await here.close();
  });

  it('a branch is resolved to a canonical version, and a version that is not canonical is the origin’s fault', async () => {
    const query = async (_: string, name: string) => ({
      Version: name === 'main' ? 'v0.0.0-20260102030405-abcdefabcdef' : 'main',
      Time: '2026-01-02T03:04:05Z',
    });
    const here = await startProxy({ origin: { query } });
    const response = await here.get(`/${module}/@v/main.info`);
    expect(await response.json()).toEqual({
      Version: 'v0.0.0-20260102030405-abcdefabcdef',
      Time: '2026-01-02T03:04:05Z',
    });
    expect(response.headers.get('cache-control')).toBe('public, max-age=60, stale-if-error=86400');
    expect((await here.get(`/${module}/@v/dev.info`)).status).toBe(502);
    await here.close();
  });
});

describe('cached-only', () => {
  const forms: [string, string, RequestInit][] = [
    ['by the prefix', '/cached-only', {}],
    ['by the header', '', { headers: { 'Disable-Module-Fetch': 'true' } }],
  ];
  it.each(forms)(
    '%s gives no answer that a cache could hand on after something is published',
    async (_, prefix, init) => {
      const here = await startProxy();
      await here.publish(module, 'v1.0.0');
      const cache = async (path: string) => (await here.get(prefix + path, init)).headers.get('cache-control');
      expect(await cache(`/${module}/@v/v1.9.9.zip`)).toBe('no-store');
      expect(await cache('/b.example/x/@v/list')).toBe('no-store');
      const ofItsOwn = prefix !== ''; // another address than that of the answer with what the origin has
      expect(await cache(`/${module}/@v/list`)).toBe(
        ofItsOwn ? 'public, max-age=60, stale-if-error=86400' : 'no-store',
      );
      expect(await cache(`/${module}/@v/v1.0.0.zip`)).toContain('immutable');
      await here.close();
    },
  );
  it.each(forms)('%s serves what is published and never asks', async (_, prefix, init) => {
    let asked = 0;
    const ask = async (): Promise<never> => {
      asked += 1;
      throw new Fault('unavailable', 'no');
    };
    const here = await startProxy({ origin: { list: ask, latest: ask, query: ask, sumdb: ask } });
    await here.publish(module, 'v1.0.0');
    const status = async (path: string) => (await here.get(prefix + path, init)).status;
    expect(await status(`/${module}/@v/v1.0.0.zip`)).toBe(200);
    expect(await status(`/${module}/@v/list`)).toBe(200);
    expect(await status(`/${module}/@latest`)).toBe(200);
    expect(await status(`/${module}/@v/v1.9.9.zip`)).toBe(404);
    expect(await status('/b.example/x/@v/list')).toBe(404);
    expect(await status('/b.example/x/@latest')).toBe(404);
    expect(await status(`/${module}/@v/main.info`)).toBe(404);
    expect(await status('/sumdb/sum.golang.org/lookup/a.example/m@v1.0.0')).toBe(404);
    expect(asked).toBe(0);
    expect((await here.messaging.backlog('processor')).depth).toBe(0);
    await here.close();
  });
});

describe('the checksum database', () => {
  it('says that it is supported, and passes lookups, tiles and the latest tree through with their caching', async () => {
    const here = await startProxy({ origin: { sumdb: async (_, path) => Buffer.from(`answer to ${path}`) } });
    const supported = await here.get('/sumdb/sum.golang.org/supported');
    expect([supported.status, await supported.text()]).toEqual([200, '']);
    const lookup = await here.get('/sumdb/sum.golang.org/lookup/a.example/!m@v1.0.0');
    expect(await lookup.text()).toBe('answer to lookup/a.example/!m@v1.0.0');
    expect(lookup.headers.get('cache-control')).toContain('immutable');
    const tile = await here.get('/sumdb/sum.golang.org/tile/8/0/x001/234.p/5');
    expect(await tile.text()).toBe('answer to tile/8/0/x001/234.p/5');
    expect(tile.headers.get('content-type')).toBe('application/octet-stream');
    const latest = await here.get('/sumdb/sum.golang.org/latest');
    expect(latest.headers.get('cache-control')).toBe('public, max-age=60, stale-if-error=86400');
    await here.close();
  });

  it('is 404 when none is configured, so that the client asks it directly', async () => {
    const here = await startProxy({ config: { SUMDB: 'off' } });
    expect((await here.get('/sumdb/sum.golang.org/supported')).status).toBe(404);
    await here.close();
  });

  it('never hears of a private module', async () => {
    const here = await startProxy({
      config: { PRIVATE_MODULES: ['corp.example'] },
      origin: { sumdb: async () => Buffer.from('asked') },
    });
    const response = await here.get('/sumdb/sum.golang.org/lookup/corp.example/secret@v1.0.0');
    expect([response.status, await response.text()]).toEqual([
      403,
      'refused: private-module: corp.example/secret is private and never looked up in a public database; set GONOSUMDB\n',
    ]);
    await here.close();
  });
});
