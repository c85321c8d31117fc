import { type ClientRequest, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { createInclusionEvents } from '../../services/ui-backend/events.ts';
import type { Inclusion } from '../../services/ui-backend/schemas/inclusion.ts';
import { until } from '../e2e/until.ts';
import { httpOf } from './http.ts';

const id = '0123456789abcdef01234567';
const at = '2026-01-01T00:00:00Z';
const inclusion = (state: Inclusion['state'], done = false): Inclusion => ({
  id,
  module: 'a.example',
  version: 'v1.0.0',
  state,
  requestedAt: at,
  at,
  message: '<b>“x”</b>\nline',
  reasons: [],
  until: null,
  done,
});
const url = `/api/v1/inclusion/events?id=${id}`;

const statesIn = (body: string) =>
  body
    .split('\n\n')
    .filter(event => event.startsWith('event: inclusion\n'))
    .map(event => (JSON.parse(event.split('data: ')[1] ?? '') as Inclusion).state);

describe('live progress of an inclusion', () => {
  it('tells each state once, in one line each, and ends with the last', async () => {
    const states = [
      ...['requested', 'requested', 'requested', 'fetched'].map(state => inclusion(state as Inclusion['state'])),
      inclusion('published', true),
    ];
    const { app } = await httpOf({ inclusion: async () => states.shift() ?? inclusion('published', true) });
    const response = await app.inject(url);
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    expect(statesIn(response.body)).toEqual(['requested', 'fetched', 'published']);
  });

  it('answers with a status when there is nothing to follow', async () => {
    const { app } = await httpOf({
      inclusion: async () => {
        throw new Fault('not-found', 'no such inclusion');
      },
    });
    const response = await app.inject(url);
    expect([response.statusCode, response.json().error.kind]).toEqual([404, 'not-found']);
  });

  it('ends when the server closes', async () => {
    const twice = Promise.withResolvers<void>();
    let looks = 0;
    const { app } = await httpOf({
      inclusion: async () => {
        looks += 1;
        if (looks > 2) twice.resolve();
        return inclusion('requested');
      },
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const stream = await fetch(`http://127.0.0.1:${port}${url}`);
    await twice.promise;
    const [, body] = await Promise.all([app.close(), stream.text()]);
    expect(statesIn(body)).toEqual(['requested']);
  });

  it('stops looking when the reader has gone', async () => {
    const gone = new AbortController();
    let looks = 0;
    const events = createInclusionEvents().follow(
      async () => {
        looks += 1;
        if (looks === 3) gone.abort();
        return inclusion('requested');
      },
      'client',
      gone.signal,
    );
    const told: string[] = [];
    for await (const event of events) told.push(event);
    expect([told.length, looks]).toEqual([1, 3]);
  });

  it('refuses more streams than it can serve, until some have ended', async () => {
    const events = createInclusionEvents();
    const { signal } = new AbortController();
    let clients = 0;
    const follow = () => events.follow(async () => inclusion('requested'), `client ${clients++}`, signal);
    const open = Array.from({ length: 500 }, follow);
    await Promise.all(open.map(stream => stream.next()));
    await expect(follow().next()).rejects.toMatchObject({ kind: 'unavailable' });
    await open[0]?.return(undefined);
    expect((await follow().next()).done).toBe(false);
    events.close();
  });

  it('is refused to a client that follows twenty, until it lets one go; others may', async () => {
    const events = createInclusionEvents();
    const { signal } = new AbortController();
    const follow = (client: string) => events.follow(async () => inclusion('requested'), client, signal);
    const open = Array.from({ length: 20 }, () => follow('one'));
    await Promise.all(open.map(stream => stream.next()));
    await expect(follow('one').next()).rejects.toMatchObject({ kind: 'rate-limited' });
    expect((await follow('other').next()).done).toBe(false);
    await open[0]?.return(undefined);
    expect((await follow('one').next()).done).toBe(false);
    events.close();
  });

  it('takes no place when there is nothing to follow', async () => {
    const { signal } = new AbortController();
    const events = createInclusionEvents();
    const none = () =>
      events.follow(
        async () => {
          throw new Fault('not-found', 'no such inclusion');
        },
        'client',
        signal,
      );
    for (let i = 0; i < 30; i++) await expect(none().next()).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('says with a status that a client follows too many, and has room when they have gone', async () => {
    const { app } = await httpOf({ inclusion: async () => inclusion('requested') });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const open: ClientRequest[] = [];
    const ask = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = get(`http://127.0.0.1:${port}${url}`, { agent: false }, ({ statusCode }) =>
          resolve(statusCode),
        );
        open.push(request.on('error', reject));
      });
    const leave = () => open.splice(0).forEach(request => void request.destroy());
    for (let i = 0; i < 20; i += 1) expect(await ask()).toBe(200);
    expect(await ask()).toBe(429);
    leave();
    await until('there is room', async () => (await ask()) === 200);
    leave();
    await app.close();
  });
});
