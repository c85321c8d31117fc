import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import type { Origin } from '../../services/origin/index.ts';
import { writeOutcome } from '../../services/records/index.ts';
import { published } from '../catalogue/facts.ts';
import { type Pages, startPages } from './start.ts';

const goMod = `module example.com/service

go 1.24

require (
	demo.example/log v1.0.0
	demo.example/nowhere v1.0.0
)
`;

let pages: Pages;
beforeAll(async () => {
  const latest: Origin['latest'] = async module => {
    if (module === 'demo.example/none') throw new Fault('not-found', 'no origin has demo.example/none');
    return { Version: 'v1.5.0', Time: '2026-01-01T00:00:00Z' };
  };
  const facts = [published('demo.example/log@v1.0.0'), published('demo.example/log@v1.1.0')];
  pages = await startPages({ facts, origin: { latest } });
});
afterAll(() => pages.close());

const form = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  pages.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  });

/** As browsers send a form with a file. */
function multipart(parts: Record<string, string | { file: Buffer }>) {
  const edge = '----edge';
  const chunks = Object.entries(parts).flatMap(([name, part]) =>
    typeof part === 'string'
      ? [`--${edge}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${part}\r\n`]
      : [
          `--${edge}\r\nContent-Disposition: form-data; name="${name}"; filename="go.mod"\r\nContent-Type: text/plain\r\n\r\n`,
          part.file,
          '\r\n',
        ],
  );
  return pages.app.inject({
    method: 'POST',
    url: '/doctor',
    headers: { 'content-type': `multipart/form-data; boundary=${edge}` },
    payload: Buffer.concat([...chunks, `--${edge}--\r\n`].map(chunk => Buffer.from(chunk))),
  });
}

describe('the doctor', () => {
  it('examines what is pasted', async () => {
    for (const { statusCode, body } of [
      await form('/doctor', { text: goMod }),
      await multipart({ text: goMod.replaceAll('\n', '\r\n'), file: { file: Buffer.alloc(0) } }),
    ]) {
      expect(statusCode).toBe(200);
      expect(body).toContain('v1.1.0 is newer');
      expect(body).toContain('/include?module=demo.example%2Fnowhere');
      expect(body).toContain('go get demo.example/log@v1.1.0');
    }
  });

  it('examines a file in place of the text', async () => {
    const { body } = await multipart({ text: 'not this', file: { file: Buffer.from(goMod) } });
    expect(body).toContain('v1.1.0 is newer');
  });

  it('of an empty form says what to give it', async () => {
    for (const text of ['', ' \n']) {
      const { statusCode, body } = await form('/doctor', { text });
      expect([statusCode, /Paste a go\.mod or go\.sum, or choose a file\./.test(body)]).toEqual([400, true]);
    }
  });

  it('says that what it calls newer is what is kept here', async () => {
    const { body } = await form('/doctor', { text: 'require demo.example/log v1.1.0\n' });
    expect(body).toContain('<th scope="col">Newest kept here</th>');
    expect(body).toContain('Every line is well, as far as is kept here.');
    expect(body).toMatch(/That an origin has newer versions is known once discovery has looked/);
  });

  it('offers to include what is not here, apart from the sentence before', async () => {
    const { body } = await form('/doctor', { text: goMod });
    expect(body).toContain('or asked for <a href="/include');
    expect(body).toMatch(/href="\/include\?module=demo\.example%2Fnowhere&amp;version=v1\.0\.0"[^>]*>Include it</);
  });

  it('says what it can’t read, and gives the text back', async () => {
    const { statusCode, body } = await form('/doctor', { text: 'require (\n<script>alert(1)</script>' });
    expect(statusCode).toBe(200);
    expect(body).toContain('Line 2: syntax error');
    expect(body).not.toContain('Every line is well');
    expect(body).toContain('&lt;script>alert(1)');
    expect(body).not.toContain('<script>alert');
  });

  it('refuses what is too large with a sentence', async () => {
    for (const [response, status] of [
      [await form('/doctor', { text: 'x'.repeat(600 * 1024) }), 400],
      [await multipart({ file: { file: Buffer.alloc(600 * 1024, 'x') } }), 400],
      [await form('/doctor', { text: 'x'.repeat(3 << 20) }), 413],
      [await multipart({ file: { file: Buffer.alloc(3 << 20, 'x') } }), 413],
      [await form('/doctor', { text: '' }), 400],
    ] as const) {
      expect(response.statusCode).toBe(status);
      expect(response.body).toContain('<h1>');
    }
  });
});

describe('an inclusion', () => {
  it('is asked for, then followed on a page of its own, which asks again without scripts', async () => {
    const { statusCode, headers } = await form('/include', { module: ' https://demo.example/new/ ', version: '' });
    expect(statusCode).toBe(303);
    expect(headers.location).toMatch(/^\/inclusions\/[0-9a-f]{24}$/);
    const { status, body } = await pages.get(String(headers.location));
    expect(status).toBe(200);
    expect(body).toContain('demo.example/<wbr/>new');
    expect(body).toContain('<noscript><meta http-equiv="refresh" content="2"/></noscript>');
    expect(body).toContain('progress.js');
    expect(await pages.messaging.backlog('processor')).toMatchObject({ depth: 1 });
    expect((await pages.get('/include')).body).toContain(String(headers.location));
  });

  it('that has failed offers to ask again, not a page that is not there', async () => {
    const { headers } = await form('/include', { module: 'demo.example/fails', version: 'v1.0.0' });
    const at = new Date().toISOString();
    await writeOutcome(pages.records, 'demo.example/fails', 'v1.0.0', {
      kind: 'not-found',
      message: 'nobody has it',
      at,
    });
    const { body } = await pages.get(String(headers.location));
    expect(body).toContain('href="/include?module=demo.example%2Ffails&amp;version=v1.0.0">Ask for it again');
    expect(body).not.toContain('See v1.0.0');
  });

  it('of what no origin has is told beside the form', async () => {
    const { statusCode, body } = await form('/include', { module: 'demo.example/none' });
    expect(statusCode).toBe(404);
    expect(body).toContain('no origin has demo.example/none');
    expect(body).toContain('value="demo.example/none"');
  });

  it('of what can’t be a module is refused with a sentence', async () => {
    for (const module of ['', '<script>', 'a b', '../x', 'x'.repeat(2000)]) {
      const { statusCode, body } = await form('/include', { module });
      expect(statusCode).toBe(400);
      expect(body).toContain('This could not be asked for.');
      expect(body).not.toContain('<script>');
    }
  });
});

describe('a watch', () => {
  it('shows its secret once, with a link to how a signature is checked', async () => {
    const { statusCode, body } = await form('/watch', {
      module: 'demo.example/log',
      webhook: 'https://hooks.example/a',
      published: '1',
    });
    expect(statusCode).toBe(200);
    const [, address = '', id = ''] = /href="(\/api#(\w+))">How to check a signature/.exec(body) ?? [];
    const told = (await pages.get(address)).body.split(`<section id="${id}">`)[1]?.split('</section>')[0];
    expect(told).toContain('GoCenter-Signature');
    expect(told).toContain('v0:%s:%s');
  });
});

describe('the theme', () => {
  it('is kept in a cookie and written into the next page, so that nothing flashes', async () => {
    const { statusCode, headers } = await form('/theme', { theme: 'dark' }, { referer: 'http://localhost/search?q=x' });
    expect([statusCode, headers.location]).toEqual([303, '/search?q=x']);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    expect((await pages.get('/', { cookie })).body).toContain('<html lang="en" data-theme="dark">');
    expect((await pages.get('/', { cookie: 'theme=evil' })).body).toContain('<html lang="en">');
    expect((await form('/theme', { theme: 'x"><script>' })).statusCode).toBe(400);
  });

  it('never leads to another host', async () => {
    for (const referer of [
      'http://evil.example//evil.example/x',
      'http://h/\\evil.example',
      'nonsense',
      'javascript:x',
    ]) {
      const { headers } = await form('/theme', { theme: 'light' }, { referer });
      expect(new URL(String(headers.location), 'http://here.test/').host).toBe('here.test');
    }
  });
});

it('a form that another site sends is refused', async () => {
  const cases: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://sibling.localhost' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ];
  for (const headers of cases) {
    expect((await form('/include', { module: 'demo.example/evil' }, headers)).statusCode).toBe(403);
  }
  const own = [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost' }, { origin: 'http://localhost' }, {}];
  for (const headers of own) {
    expect(
      (await form('/include', { module: 'demo.example/good' }, headers as Record<string, string>)).statusCode,
    ).toBe(303);
  }
});
