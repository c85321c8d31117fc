import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { Fault, statusOf } from '../../services/errors.ts';
import { endpointNames, endpoints } from '../../services/ui-backend/endpoints.ts';
import { httpOf } from './http.ts';

const goMod = async () => ({ version: 'v1.0.0', text: 'module a.example\n' });
const url = '/api/v1/go-mod?module=a.example';

describe('an endpoint over HTTP', () => {
  it('answers JSON with an ETag, and 304 to whoever has it', async () => {
    const { app } = await httpOf({ goMod });
    const first = await app.inject(url);
    expect(first.statusCode).toBe(200);
    expect(first.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=60',
      'x-content-type-options': 'nosniff',
      link: '</api/openapi.json>; rel="service-desc"',
    });
    const second = await app.inject({ url, headers: { 'if-none-match': String(first.headers.etag) } });
    expect([second.statusCode, second.body]).toEqual([304, '']);
  });

  it('answers HEAD as GET, without a body', async () => {
    const { app } = await httpOf({ goMod });
    const head = await app.inject({ method: 'HEAD', url });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', '48']);
  });

  it('makes a hot answer once while it is fresh, however many ask', async () => {
    let made = 0;
    const { app, answers } = await httpOf({
      goMod: async () => {
        made += 1;
        return goMod();
      },
    });
    await Promise.all(Array.from({ length: 10 }, () => app.inject(url)));
    await app.inject('/api/v1/go-mod?version=v1.0.0&module=a.example');
    await app.inject('/api/v1/go-mod?module=a.example&version=v1.0.0');
    expect(made).toBe(2);
    answers.changed();
    await app.inject(url);
    expect(made).toBe(3);
  });

  it('compresses what is worth it', async () => {
    const text = 'require a.example v1.0.0\n'.repeat(1000);
    const { app } = await httpOf({ goMod: async () => ({ version: 'v1.0.0', text }) });
    for (const encoding of ['br', 'gzip']) {
      const { headers, rawPayload } = await app.inject({ url, headers: { 'accept-encoding': encoding } });
      expect(headers['content-encoding']).toBe(encoding);
      expect(rawPayload.length).toBeLessThan(2000);
      expect(headers.vary).toMatch(/accept-encoding/i);
      expect(headers.vary).toMatch(/authorization/i);
    }
  });

  it('refuses parameters that are unknown, of the wrong kind, too large, repeated or missing', async () => {
    const { app } = await httpOf({});
    const said = async (path: string) => {
      const { statusCode, json } = await app
        .inject(`/api/v1/${path}`)
        .then(r => ({ ...r, json: r.json(), statusCode: r.statusCode }));
      expect(statusCode, path).toBe(400);
      expect(json.error.kind).toBe('invalid');
      return json.error.message as string;
    };
    expect(await said('search?q=x&license=MIT')).toBe(
      'there is no parameter "license"; there are q, licence, kind, age, order, cursor, limit',
    );
    expect(await said('search?limit=0')).toMatch(/^limit /);
    expect(await said('search?limit=101')).toMatch(/^limit /);
    expect(await said('search?limit=ten')).toMatch(/^limit /);
    expect(await said('search?limit=1e1')).toMatch(/^limit /);
    expect(await said(`search?q=${'x'.repeat(201)}`)).toMatch(/^q /);
    expect(await said('search?q=a&q=b')).toMatch(/^q /);
    expect(await said('search?kind=virus')).toMatch(/^kind /);
    expect(await said('module')).toMatch(/module/);
    expect(await said('used-by?module=a.example&all=yes')).toMatch(/^all /);
    expect(await said('inclusion?id=../../etc/passwd')).toMatch(/^id /);
  });

  it('answers every kind of fault with its status and its sentence', async () => {
    for (const kind of Object.keys(statusOf) as (keyof typeof statusOf)[]) {
      const { app } = await httpOf({
        goMod: async () => {
          throw new Fault(kind, 'the sentence');
        },
      });
      const response = await app.inject(url);
      expect(response.statusCode).toBe(statusOf[kind]);
      expect(response.headers['cache-control']).toBe('no-store');
      const message = kind === 'internal' ? 'this is a defect of the server; its log says more' : 'the sentence';
      expect(response.json()).toEqual({ error: { kind, message } });
    }
  });

  it('keeps the text of a defect to the log', async () => {
    const { app, logged } = await httpOf({
      goMod: async () => {
        throw new Error('secret /var/lib/x');
      },
    });
    const response = await app.inject(url);
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('secret');
    expect(logged).toMatchObject([{ path: url, err: { message: 'secret /var/lib/x' } }]);
  });

  it('does not keep a failure', async () => {
    let fails = true;
    const { app } = await httpOf({
      goMod: async () => {
        if (fails) throw new Fault('unavailable', 'not now');
        return goMod();
      },
    });
    expect((await app.inject(url)).statusCode).toBe(503);
    fails = false;
    expect((await app.inject(url)).statusCode).toBe(200);
  });

  it('says which method an address takes, and that an address is none', async () => {
    const { app } = await httpOf({});
    const wrong = await app.inject({ method: 'POST', url: '/api/v1/search' });
    expect([wrong.statusCode, wrong.json().error]).toEqual([
      405,
      { kind: 'method', message: '/api/v1/search takes GET, not POST' },
    ]);
    const none = await app.inject('/api/v1/nothing');
    expect([none.statusCode, none.json().error.kind]).toEqual([404, 'not-found']);
    expect((await app.inject('/api/v1/%zz')).statusCode).toBe(400);
  });

  it('refuses bodies that are too large or no JSON', async () => {
    const { app } = await httpOf({});
    const post = (payload: string, type = 'application/json') =>
      app.inject({ method: 'POST', url: '/api/v1/doctor', payload, headers: { 'content-type': type } });
    for (const response of [
      await post('{"text":'),
      await post('[]'),
      await post('null'),
      await post('{}'),
      await post('{"text":""}'),
      await post('{"text":"x","more":1}'),
      await post('{"__proto__":{"text":"x"}}'),
      await post(JSON.stringify({ text: 'x'.repeat(600_000) })),
      await post('<a/>', 'application/xml'),
    ]) {
      expect([response.statusCode, response.json().error.kind]).toEqual([400, 'invalid']);
    }
    const large = await post('x'.repeat(3 << 20));
    expect([large.statusCode, large.json().error.kind]).toEqual([413, 'too-large']);
  });

  it('does nothing that a page of another site has a browser send', async () => {
    const { app } = await httpOf({ unwatch: async ({ id }) => ({ id, ended: true }) });
    const end = (headers: Record<string, string>) =>
      app.inject({ method: 'DELETE', url: `/api/v1/watch?id=${'0'.repeat(32)}`, headers });
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'http://sibling.localhost' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const response = await end(headers as Record<string, string>);
      expect([headers, response.statusCode]).toEqual([headers, 403]);
    }
    for (const headers of [{}, { origin: 'http://localhost' }, { 'sec-fetch-site': 'same-origin' }]) {
      expect((await end(headers as Record<string, string>)).statusCode).toBe(200);
    }
  });

  it('takes a go.mod as plain text', async () => {
    const { app } = await httpOf({ doctor: async ({ text }) => ({ kind: 'go.mod', module: text }) as never });
    const response = await app.inject({
      method: 'POST',
      url: '/api/v1/doctor',
      payload: 'module a.example',
      headers: { 'content-type': 'text/plain' },
    });
    expect(response.json()).toMatchObject({ module: 'module a.example' });
  });

  it('limits the rate of a client, and tells when to come back', async () => {
    const { app } = await httpOf({ goMod }, { environment: { RATE_LIMIT: '1', TRUSTED_PROXIES: '127.0.0.1' } });
    const from = (address: string) => app.inject({ url, headers: { 'x-forwarded-for': address } });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await from('192.0.2.1')).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await from('192.0.2.1')).headers['retry-after']).toBe('1');
    expect((await from('192.0.2.2')).statusCode).toBe(200);
  });

  it('asks for a token, with the header that browsers and curl understand, where one is required', async () => {
    const { app } = await httpOf({ goMod }, { environment: { REQUIRE_TOKEN: 'true' } });
    const response = await app.inject(url);
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toMatch(/^Basic /);
  });

  it('counts requests by route', async () => {
    const { app, registry } = await httpOf({ goMod });
    await app.inject(url);
    await app.inject('/badge/x');
    const text = await registry.metrics();
    expect(text).toContain('gocenter_api_request_duration_seconds_count{route="/api/v1/go-mod",status="200"} 1');
    expect(text).toContain('gocenter_api_request_duration_seconds_count{route="/badge/*",status="404"} 1');
    expect(text).not.toContain('a.example');
  });
});

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, served, and tells of every endpoint', async () => {
    const { app } = await httpOf({});
    const document = (await app.inject('/api/openapi.json')).json();
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
    expect(JSON.stringify(document.webhooks)).toContain('`v0:<GoCenter-Timestamp>:<raw body>`');
    for (const name of endpointNames) {
      const { method, path } = endpoints[name];
      const operation = document.paths[`/api/v1${path}`]?.[method.toLowerCase()];
      expect(operation?.operationId).toBe(name);
    }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/badge/{module}.svg', '/feeds/{module}.atom', '/feeds/search.atom']),
    );
  });

  it('tells parameters with their bounds and defaults', async () => {
    const { app } = await httpOf({});
    const { paths } = (await app.inject('/api/openapi.json')).json();
    expect(paths['/api/v1/search'].get.parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      description: 'Items at most',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    });
    expect(paths['/api/v1/module'].get.parameters[0]).toMatchObject({ name: 'module', required: true });
  });
});
