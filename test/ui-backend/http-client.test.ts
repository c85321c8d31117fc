import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault, statusOf } from '../../services/errors.ts';
import type { Handlers } from '../../services/ui-backend/answers/handlers.ts';
import { createHttpApi } from '../../services/ui-backend/http-client.ts';
import { httpOf } from './http.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function clientOf(handlers: Partial<Handlers>, options?: Parameters<typeof httpOf>[1]) {
  const { app } = await httpOf(handlers, options);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const api = createHttpApi({ url: new URL(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`) });
  closers.push(
    () => api.close(),
    () => app.close(),
  );
  return { api, app };
}

const nothing = { items: [], next: null, total: 0, more: false, corrected: null };

describe('the API over HTTP, as pages use it', () => {
  it('carries requests and answers unchanged, whatever is in them', async () => {
    const asked: unknown[] = [];
    const { api } = await clientOf({
      search: async request => {
        asked.push(request);
        return nothing;
      },
      doctor: async ({ text }) => ({ text }) as never,
      usedBy: async request => {
        asked.push(request);
        return { items: [], next: null, total: 0 };
      },
    });
    const q = `'; DROP TABLE modules; -- <b>&amp;+%00 "\u{1f600}\u00a0`;
    expect(await api.search({ q, limit: 5, kind: 'library' })).toEqual(nothing);
    await api.search({});
    await api.usedBy({ module: 'a.example/B', all: true });
    expect(asked).toEqual([{ q, limit: 5, kind: 'library' }, {}, { module: 'a.example/B', all: true }]);
    expect(await api.doctor({ text: q })).toEqual({ text: q });
  });

  it('throws the same faults as the API in the same process', async () => {
    const kinds = Object.keys(statusOf).filter(kind => kind !== 'internal') as (keyof typeof statusOf)[];
    for (const kind of kinds) {
      const { api } = await clientOf({
        numbers: async () => {
          throw new Fault(kind, `sentence of ${kind}`);
        },
      });
      await expect(api.numbers({})).rejects.toMatchObject({ kind, message: `sentence of ${kind}` });
    }
    const { api } = await clientOf({});
    await expect(api.module({ module: '' })).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('asks for the caller: with the token and the address that came with the request', async () => {
    const { api } = await clientOf(
      { numbers: async () => ({ modules: 0 }) as never },
      { environment: { RATE_LIMIT: '1', TRUSTED_PROXIES: '127.0.0.1' } },
    );
    const authorization = `Basic ${Buffer.from('x:wrong').toString('base64')}`;
    await expect(api.numbers({}, { authorization })).rejects.toMatchObject({ kind: 'unauthorized' });
    await api.numbers({}, { address: '192.0.2.1' });
    await api.numbers({}, { address: '192.0.2.1' });
    await expect(api.numbers({}, { address: '192.0.2.1' })).rejects.toMatchObject({ kind: 'rate-limited' });
    await api.numbers({}, { address: '192.0.2.2' });
  });

  it('calls an API that is away, or that is none, unavailable', async () => {
    const { api, app } = await clientOf({});
    await app.close();
    await expect(api.numbers({})).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(api.ready()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('ends the wait when the caller has gone', async () => {
    const gone = new AbortController();
    const { api } = await clientOf({
      numbers: async () => {
        gone.abort();
        return new Promise(() => {});
      },
    });
    await expect(api.numbers({}, { signal: gone.signal })).rejects.toMatchObject({
      message: 'the request was given up',
    });
  });
});
