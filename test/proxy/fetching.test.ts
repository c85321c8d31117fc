import { describe, expect, it, vi } from 'vitest';
import { writeOutcome } from '../../services/records/index.ts';
import { startProxy } from './helper.ts';

const module = 'a.example/m';
const path = `/${module}/@v/v1.0.0.zip`;

describe('a missing version', () => {
  it('is asked for by one message for a hundred clients, and served to all when it is published', async () => {
    const proxy = await startProxy();
    let messages = 0;
    proxy.messaging.subscribe(
      'processor',
      async message => {
        messages += 1;
        expect(message).toMatchObject({ v: 1, module, version: 'v1.0.0', by: 'proxy', hops: 0 });
        await proxy.publish(module, 'v1.0.0', Buffer.from('the zip'));
      },
      { concurrency: 4 },
    );
    const responses = await Promise.all(Array.from({ length: 100 }, () => proxy.get(path)));
    const bodies = await Promise.all(responses.map(response => response.text()));
    expect(new Set(bodies)).toEqual(new Set(['the zip']));
    expect(messages).toBe(1);
    expect(proxy.lines.filter(line => line.cache === 'none')).toEqual([]);
    await proxy.close();
  });

  it('is logged as fetched once a file, also those that came with the one that was asked for', async () => {
    const proxy = await startProxy();
    proxy.messaging.subscribe('processor', () => proxy.publish(module, 'v1.0.0', Buffer.from('the zip')), {
      concurrency: 1,
    });
    for (const kind of ['info', 'mod', 'zip', 'info', 'mod', 'zip']) {
      const response = await proxy.get(path.replace(/zip$/, kind));
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
    await vi.waitFor(() => expect(proxy.lines).toHaveLength(6));
    const caches = proxy.lines.map(({ kind, cache }) => `${kind} ${cache === 'fetched' ? 'fetched' : 'kept'}`);
    expect(caches).toEqual(['info fetched', 'mod fetched', 'zip fetched', 'info kept', 'mod kept', 'zip kept']);
    await proxy.close();
  });

  it('that is not fetched in time is 504 with Retry-After, never called not found', async () => {
    const proxy = await startProxy({ config: { FETCH_TIMEOUT: 50 } });
    const response = await proxy.get(path);
    expect([response.status, await response.text()]).toEqual([
      504,
      'timed out: a.example/m@v1.0.0 is still being fetched after 0.05 s; try again\n',
    ]);
    expect(response.headers.get('retry-after')).toBe('10');
    expect(response.headers.get('cache-control')).toBe('no-store');
    await proxy.close();
  });

  it('that turns out not to exist is 404 at once for those who wait and those who come later', async () => {
    const proxy = await startProxy();
    const until = new Date(Date.now() + 300_000).toISOString();
    let messages = 0;
    proxy.messaging.subscribe(
      'processor',
      async ({ version }) => {
        messages += 1;
        const at = new Date().toISOString();
        await writeOutcome(proxy.records, module, version, {
          kind: 'not-found',
          message: 'no origin has it',
          at,
          until,
        });
      },
      { concurrency: 1 },
    );
    for (let i = 0; i < 2; i++) {
      const response = await proxy.get(path);
      expect([response.status, await response.text()]).toEqual([404, 'not found: no origin has it\n']);
      const age = /^public, max-age=(\d+)$/.exec(response.headers.get('cache-control') ?? '')?.[1];
      expect(Number(age)).toBeGreaterThan(290);
      expect(Number(age)).toBeLessThanOrEqual(300);
    }
    expect(messages).toBe(1);
    await proxy.close();
  });

  it('that was rejected is 403 with the name of the rule, also from cached-only', async () => {
    const proxy = await startProxy();
    await writeOutcome(proxy.records, module, 'v1.0.0', {
      kind: 'refused',
      message: 'deny-list: a.example/* is denied here',
      reasons: [{ rule: 'deny-list', message: 'a.example/* is denied here' }],
      at: new Date().toISOString(),
    });
    for (const prefix of ['', '/cached-only']) {
      const response = await proxy.get(prefix + path);
      expect([response.status, await response.text()]).toEqual([
        403,
        'refused: deny-list: a.example/* is denied here\n',
      ]);
    }
    await proxy.close();
  });

  it('whose last outcome has expired is asked for again', async () => {
    const proxy = await startProxy();
    const past = new Date(Date.now() - 1000).toISOString();
    await writeOutcome(proxy.records, module, 'v1.0.0', { kind: 'not-found', message: 'gone', at: past, until: past });
    proxy.messaging.subscribe('processor', () => proxy.publish(module, 'v1.0.0'), { concurrency: 1 });
    expect((await proxy.get(path)).status).toBe(200);
    await proxy.close();
  });

  it('is no longer watched when its last client has gone', async () => {
    const proxy = await startProxy();
    const stop = new AbortController();
    const request = proxy.get(path, { signal: stop.signal });
    await vi.waitFor(async () => expect((await proxy.messaging.backlog('processor')).depth).toBe(1), { timeout: 5000 });
    stop.abort();
    await expect(request).rejects.toThrow();
    await vi.waitFor(() => expect(proxy.lines.at(-1)).toMatchObject({ status: 499 }), { timeout: 5000 });
    await proxy.close();
  });

  it('ends with 503 and Retry-After when the server drains', async () => {
    const proxy = await startProxy();
    const request = proxy.get(path);
    await vi.waitFor(async () => expect((await proxy.messaging.backlog('processor')).depth).toBe(1), { timeout: 5000 });
    const closed = proxy.close();
    const response = await request;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    await closed;
  });
});
