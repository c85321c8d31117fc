import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReadmeRenderer } from '../../services/ui/readme/index.ts';
import { renderReadme } from '../../services/ui/readme/markdown.ts';
import { published } from '../catalogue/facts.ts';
import { type Pages, startPages } from './start.ts';

const markup = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onmouseover='x`;
const module = 'demo.example/hostile';

const readme = `# ${markup}
<script>alert(1)</script><style>body{display:none}</style><link rel=stylesheet href=//evil.example>
<img src="https://evil.example/x.png" onerror="alert(1)"> ![p](https://evil.example/y.png)
<a href="javascript:alert(1)" onclick="alert(1)">a</a> [b](javascript:alert(1)) [c](data:text/html,x) <a href="JaVa\tScript:alert(1)">d</a>
<iframe src="https://evil.example"></iframe><object data=x></object><embed src=x><form action=/include method=post><input name=module><button>x</button></form>
<svg onload=alert(1)><style><img src=x onerror=alert(1)></style></svg><math><mi xlink:href="data:x">x</mi></math>
<p id="main" style="position:fixed" class="notice bad" data-copy="rm -rf /" data-inclusion="x">over</p>
<base href="https://evil.example"><meta http-equiv=refresh content="0;url=https://evil.example">
<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<div hidden><video autoplay src=x></video><audio src=x></audio></div><textarea><img src=x onerror=alert(1)></textarea>
`;

let pages: Pages;
beforeAll(async () => {
  const facts = [
    published(`${module}@v1.0.0`, {
      synopsis: markup,
      readme,
      licence: markup,
      deprecated: markup,
      exported: [markup],
    }),
    published(`${module}@v1.1.0`, { synopsis: markup, readme, retracts: ['v1.0.0'], deprecated: markup }),
  ];
  pages = await startPages({ facts });
});
afterAll(() => pages.close());

/** What runs or loads, as tags and attributes; not as text, where it is escaped. */
function dangers(page: string): string[] {
  const own = page.replaceAll(
    /<script type="module" src="\/assets\/[^"]*"><\/script>|<textarea id="doctor-text" [^<]*<\/textarea>/g,
    '',
  );
  const tags = own.match(/<(?:script|style|iframe|object|embed|base|video|audio|math|textarea)\b[^>]*>/gi) ?? [];
  const attributes = (own.match(/<[a-z][^>]*>/gi) ?? []).filter(tag =>
    /\s(?:on[a-z]+|style|srcdoc|xlink:href)\s*=|=\s*"?\s*(?:javascript|data|vbscript):/i.test(
      tag.replaceAll(/"[^"]*"/g, value => (/^"\s*(?:javascript|data|vbscript):/i.test(value) ? value : '""')),
    ),
  );
  const pictures = (own.match(/<img[^>]*>/gi) ?? []).filter(tag => !/^<img src="\/badge\//.test(tag));
  return [...tags, ...attributes, ...pictures];
}

describe('hostile content', () => {
  it('of a README runs nothing, loads nothing, and leaves its box by no name', async () => {
    const { body } = await pages.get(`/${module}`);
    expect(body).toContain('class="readme"');
    expect(dangers(body)).toEqual([]);
    const [, box = ''] = /<div class="readme">([\s\S]*)<aside/.exec(body) ?? [];
    expect(box).not.toMatch(/evil\.example"?[^>]*rel="stylesheet|http-equiv|data-copy|data-inclusion|<form|<input/);
    expect(box.match(/\sid="(?!readme-)/)).toBeNull();
    expect(box.match(/class="(?!image"|scroll")/)).toBeNull();
    expect(box).toContain('<a href="https://evil.example/x.png" rel="nofollow noopener ugc" class="image">');
  });

  it('in names, synopses, licences and what authors say is text', async () => {
    const urls = [
      ...['', '?tab=versions', '?tab=packages', '?tab=checks', '?tab=go-mod'].map(tab => `/${module}${tab}`),
      `/${module}@v1.0.0`,
      `/compare?module=${module}&from=v1.0.0&to=v1.1.0`,
      '/',
      '/search?q=hostile',
    ];
    for (const url of urls) {
      const { status, body } = await pages.get(url);
      expect([url, status]).toEqual([url, 200]);
      expect(dangers(body), url).toEqual([]);
    }
  });

  it.each([
    markup,
    `'; DROP TABLE modules; --`,
    '" NEAR("y',
    '\u202e\u0000\u001b[31m',
    '\ud800',
    '('.repeat(5000),
    '%',
  ])('as a search term is answered harmless: %j', async q => {
    const query = new URLSearchParams({ q, licence: q, kind: q, order: q }).toString();
    for (const url of [`/search?${query}`, `/search?q=${q.includes('%') ? '%' : encodeURI(q.toWellFormed())}`]) {
      const { status, body } = await pages.get(url);
      expect([200, 400]).toContain(status);
      expect(dangers(body)).toEqual([]);
    }
  });

  it('in any parameter of any page is no defect', async () => {
    for (const page of [
      '/search',
      '/compare',
      '/include',
      '/doctor',
      '/status',
      '/',
      `/${module}`,
      `/${module}?tab=used-by`,
    ]) {
      for (const name of [
        'q',
        'module',
        'version',
        'from',
        'to',
        'tab',
        'cursor',
        'status',
        'days',
        'depth',
        'requires',
        'all',
      ]) {
        for (const value of [markup, '\0', '-1', '9'.repeat(400), '__proto__', '../../etc/passwd']) {
          const joint = page.includes('?') ? '&' : '?';
          const { status, body } = await pages.get(`${page}${joint}${new URLSearchParams({ [name]: value })}`);
          expect([200, 302, 400, 404], `${page} ${name}=${value}: ${status}`).toContain(status);
          expect(dangers(body)).toEqual([]);
        }
      }
    }
    expect(pages.logged).toEqual([]);
  });
});

describe('a README that is hostile by its size or form', () => {
  const many = (text: string) => text.repeat(Math.ceil((10 << 20) / text.length));
  const cases: Record<string, string> = {
    '10 MB of text': many('All work and no play. '),
    '10 MB of open brackets': many('['),
    '10 MB of emphasis': many('**a_ '),
    '10 MB of quotations': many('>'),
    '10 MB of tags': many('<div><a href="x">'),
    '10 MB of tables': many(`${'|a'.repeat(100)}|\n`),
    '10 MB of addresses': many('http://a.b/c '),
    '256 KB of links to one long address': `[a]: https://a.b/${'c'.repeat(200)}\n\n${'[a] '.repeat(60_000)}`,
    '10 MB of what is escaped': many('&<'),
    'broken UTF-8': Buffer.from([0x23, 0x20, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]).toString(),
    'lone surrogates and controls': '# \ud800\u0000\u0008\ufffe <b>\udfff',
  };

  it.each(Object.entries(cases))('is shown within bounds: %s', (_, text) => {
    const made = renderReadme({ file: 'README.md', text, base: undefined });
    expect(made.length).toBeLessThan((512 << 10) + 100);
    expect(dangers(made)).toEqual([]);
  });

  it('is shown as the plain text that it is when it takes too long, and the next one is rendered', async () => {
    const readmes = createReadmeRenderer({ maxBytes: 1 << 20, patience: 0 });
    const slow = await readmes.render({ file: 'README.md', text: `**a** <b>${'['.repeat(200_000)}`, base: undefined });
    expect(slow).toMatch(/^<pre tabindex="0">\*\*a\*\* &lt;b>?/);
    await readmes.close();
    const again = createReadmeRenderer({ maxBytes: 1 << 20, patience: 20_000 });
    expect(await again.render({ file: 'README.md', text: '**b**', base: undefined })).toContain('<strong>b</strong>');
    await again.close();
  });

  it('holds up no other: what waits for long is shown as plain text this time, and rendered the next', async () => {
    const readmes = createReadmeRenderer({ maxBytes: 1 << 20, patience: 60_000, wait: 20 });
    const render = (text: string) => readmes.render({ file: 'README.md', text, base: undefined });
    const hostile = Array.from({ length: 25 }, (_, i) => render(`${i} ${'<a><b>'.repeat(20_000)}`));
    const first = hostile[0]?.then(() => 'the first hostile one');
    expect(await Promise.race([first, render('**good** <b>')])).toBe('<pre tabindex="0">**good** &lt;b&gt;</pre>');
    await Promise.all(hostile);
    expect(await render('**good** <b>')).toContain('<strong>good</strong>');
    await readmes.close();
  });

  it('is rendered once, and kept within a bound of bytes', async () => {
    const readmes = createReadmeRenderer({ maxBytes: 20_000, patience: 20_000 });
    const text = (i: number) => `# ${i}\n\n${'x'.repeat(3000)}`;
    for (let i = 0; i < 10; i += 1) await readmes.render({ file: 'README.md', text: text(i), base: undefined });
    expect(readmes.keptBytes).toBeGreaterThan(5000);
    expect(readmes.keptBytes).toBeLessThanOrEqual(20_000);
    await readmes.close();
  });
});

it('links of a README lead to its repository, anchors stay in its box', () => {
  const text = '## Use\n\n[a](docs/x.md) [b](#use) [c](/root.md) ![i](i.png) [![in](i.png)](y.md) <a name="here"></a>';
  const base = 'https://github.com/a/b/blob/v1.0.0/';
  const made = renderReadme({ file: 'README.md', text, base });
  expect(made).toContain('<h3 id="readme-use">');
  expect(made).toContain(`href="${base}docs/x.md"`);
  expect(made).toContain('href="#readme-use"');
  expect(made).toContain('<a id="readme-here">');
  expect(made).toMatch(/<a href="[^"]*y\.md"[^>]*><span class="image">in<\/span><\/a>/);
  expect(renderReadme({ file: 'README.md', text, base: undefined })).toContain('<a>a</a>');
  expect(renderReadme({ file: 'README.rst', text: '<b>x</b>', base })).toBe(
    '<pre tabindex="0">&lt;b&gt;x&lt;/b&gt;</pre>',
  );
});
