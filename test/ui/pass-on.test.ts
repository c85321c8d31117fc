import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../services/config.ts';
import { createUi, passToUrl } from '../../services/ui/index.ts';
import { createHttpApi } from '../../services/ui-backend/http-client.ts';
import { published } from '../catalogue/facts.ts';
import { type Pages, startPages } from './start.ts';

const token = 'only-for-this-test';
const facts = [published('demo.example/log@v1.0.0'), published('corp.example/secret@v1.0.0')];
const environment = { PRIVATE_MODULES: 'corp.example' };

let together: Pages;
let apart: { app: FastifyInstance; close(): Promise<void> };
beforeAll(async () => {
  const tokens = [
    { name: 'team', sha256: createHash('sha256').update(token).digest('hex'), modules: ['corp.example'] },
  ];
  together = await startPages({ facts, environment, tokens });
  await together.listen();
  // The whole of the other pages stands in for an API elsewhere: what is passed on to it is passed on once more.
  const url = new URL(`http://127.0.0.1:${(together.app.server.address() as AddressInfo).port}`);
  const api = createHttpApi({ url });
  const app = await createUi({
    config: readConfig({ UPSTREAM: 'off', SUMDB: 'off', RATE_LIMIT: '0', ...environment }),
    api,
    passOn: passToUrl(url),
    registry: new Registry(),
    log: pino({ level: 'silent' }),
  });
  apart = { app, close: () => Promise.all([app.close(), api.close()]).then(() => {}) };
});
afterAll(async () => {
  await apart.close();
  await together.close();
});

describe.each(['in the same process', 'elsewhere'])('an API %s', where => {
  const app = () => (where === 'elsewhere' ? apart.app : together.app);
  const authorization = `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;

  it('is behind the pages: endpoints, badges, feeds, with its own headers', async () => {
    const cases: Record<string, string> = {
      '/api/v1/module?module=demo.example/log': 'application/json; charset=utf-8',
      '/api/openapi.json': 'application/json; charset=utf-8',
      '/badge/demo.example/log.svg': 'image/svg+xml; charset=utf-8',
      '/feeds/demo.example/log.atom': 'application/atom+xml; charset=utf-8',
    };
    for (const [url, type] of Object.entries(cases)) {
      const { statusCode, headers } = await app().inject({ url });
      expect([url, statusCode, headers['content-type']]).toEqual([url, 200, type]);
      expect(headers['content-security-policy']).toContain("style-src 'unsafe-inline'");
      expect(headers['cache-control']).toContain('max-age');
    }
    expect((await app().inject({ url: '/api/v1/none' })).statusCode).toBe(404);
  });

  it('gets bodies as they were sent, and answers faults in its own words', async () => {
    const payload = { text: 'module a.example/b\n\nrequire demo.example/log v0.9.0\n' };
    const { statusCode, body } = await app().inject({ method: 'POST', url: '/api/v1/doctor', payload });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ kind: 'go.mod' });
    const wrong = await app().inject({ method: 'POST', url: '/api/v1/doctor', payload: { nonsense: 1 } });
    expect([wrong.statusCode, wrong.json().error.kind]).toEqual([400, 'invalid']);
  });

  it('takes what our own pages send, and nothing that another site has a browser send', async () => {
    const payload = { text: 'module a.example/b\n' };
    const post = async (headers: Record<string, string>) =>
      (await app().inject({ method: 'POST', url: '/api/v1/doctor', payload, headers })).statusCode;
    for (const headers of [
      { origin: 'http://localhost' },
      { 'sec-fetch-site': 'same-origin', origin: 'http://x' },
      {},
    ]) {
      expect([headers, await post(headers as Record<string, string>)]).toEqual([headers, 200]);
    }
    for (const headers of [
      { origin: 'http://sibling.localhost' },
      { 'sec-fetch-site': 'same-site', origin: 'http://sibling.localhost' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect([headers, await post(headers as Record<string, string>)]).toEqual([headers, 403]);
    }
  });

  it('is told who asks: private modules are seen with a token and by nobody else', async () => {
    for (const url of [
      '/corp.example/secret',
      '/api/v1/module?module=corp.example/secret',
      '/feeds/corp.example/secret.atom',
    ]) {
      expect((await app().inject({ url })).statusCode).toBe(404);
      const seen = await app().inject({ url, headers: { authorization } });
      expect([url, seen.statusCode]).toEqual([url, 200]);
      expect(String(seen.headers['cache-control'])).toMatch(/private/);
    }
    expect((await app().inject({ url: '/search?q=secret' })).body).not.toContain('corp.example');
  });

  it('makes a wrong token a question for the right one', async () => {
    const { statusCode, headers } = await app().inject({ url: '/', headers: { authorization: 'Basic eDp5' } });
    expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Basic realm="GoCenter", charset="UTF-8"']);
  });
});

it('an API that can’t be reached is a 503 that says so, and no 404', async () => {
  const url = new URL('http://127.0.0.1:1');
  const api = createHttpApi({ url });
  const app = await createUi({
    config: readConfig({ UPSTREAM: 'off', SUMDB: 'off' }),
    api,
    passOn: passToUrl(url),
    registry: new Registry(),
    log: pino({ level: 'silent' }),
  });
  for (const path of ['/', '/demo.example/log', '/api/v1/search', '/badge/demo.example/log.svg']) {
    expect([path, (await app.inject({ url: path })).statusCode]).toEqual([path, 503]);
  }
  await app.close();
  await api.close();
});
