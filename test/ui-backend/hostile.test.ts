import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base, type Endpoint, endpointNames, endpoints } from '../../services/ui-backend/endpoints.ts';
import { published } from '../catalogue/facts.ts';
import { type Started, startUiBackend } from './start.ts';

const hostile = [
  `'; DROP TABLE modules; --`,
  `" OR 1=1 --`,
  `x" NEAR("y`,
  `*`,
  `a* AND NOT b`,
  `{path} : x`,
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `javascript:alert(1)`,
  `../../../etc/passwd`,
  `%2e%2e%2f`,
  `\0\x01\x1b[31m`,
  `\ud800`,
  `\u202e\u200b\ufeff`,
  `${'('.repeat(200)}`,
  `__proto__`,
  `constructor`,
  `\${7*7}{{7*7}}`,
  `${'漢'.repeat(200)}`,
  ` `,
];

let here: Started;
beforeAll(async () => {
  here = await startUiBackend({ facts: [published('a.example/text@v1.0.0', { synopsis: 'Texts' })] });
});
afterAll(() => here.close());

describe('hostile requests', () => {
  it('are answered with a result or a 4xx sentence, never with a defect, whichever parameter they are in', async () => {
    for (const name of endpointNames) {
      const { method, request }: Endpoint = endpoints[name];
      if (name === 'include') continue; // asks the origin: see inclusions.test.ts
      for (const parameter of Object.keys(request.properties)) {
        for (const value of hostile) {
          const normal = {
            module: 'a.example/text',
            from: 'v1.0.0',
            to: 'v1.0.0',
            id: 'abcdefgh',
            text: 'x',
            q: 'text',
          };
          const known = Object.entries(normal).filter(([key]) => key in request.properties);
          const { status, body } = await here.ask(name, { ...Object.fromEntries(known), [parameter]: value });
          const told = `${method} ${name} ${parameter}=${JSON.stringify(value)}: ${JSON.stringify(body).slice(0, 200)}`;
          expect([200, 400, 404], told).toContain(status);
        }
      }
    }
    expect(here.logged).toEqual([]);
  });

  it('leave everything as it was', async () => {
    here.changed();
    const { body } = await here.ask('search', {});
    expect(body.items.map(({ module }) => module)).toEqual(['a.example/text']);
  });

  it('badges and feeds of names that are none are refused, or say that there is nothing', async () => {
    for (const value of hostile) {
      const name = Buffer.from(value).toString();
      const badge = await here.app.inject(`/badge/${encodeURIComponent(name)}.svg`);
      expect([badge.statusCode, badge.body.includes('<script'), badge.body.includes('onerror')]).toEqual([
        200,
        false,
        false,
      ]);
      const feed = await here.app.inject(`/feeds/${encodeURIComponent(name)}.atom`);
      expect([400, 404]).toContain(feed.statusCode);
      expect(feed.headers['content-type']).toMatch(/^application\/json/);
    }
  });

  it('cursors of other lists, and invented ones, are refused', async () => {
    for (const cursor of ['x', 'e30', Buffer.from('["usedBy",1,2,"x"]').toString('base64url'), 'null']) {
      expect((await here.ask('search', { cursor })).status).toBe(400);
      expect((await here.ask('newest', { cursor })).status).toBe(400);
      expect((await here.ask('versions', { module: 'a.example/text', cursor })).status).toBe(400);
    }
  });

  it('have no address beside those that there are', async () => {
    for (const url of [`${base}/../etc`, '/api/openapi.json/..', '/feeds/', '/badge/', '/', '//', `${base}/module/x`]) {
      const { statusCode } = await here.app.inject(url);
      expect([400, 404], url).toContain(statusCode);
    }
  });
});
