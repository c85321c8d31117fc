import { describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { escaped, writeFeed } from '../../services/ui-backend/atom.ts';
import { badge, badgeKinds } from '../../services/ui-backend/badges.ts';
import type { Module } from '../../services/ui-backend/schemas/module.ts';

import { parseXml } from './xml.ts';

const hostile = '<script>alert(1)</script> & "quotes" \'single\' ]]> \u0000\u0008\u001f\ufffe \ud800 <!-- 𝕏';

describe('a feed', () => {
  it('is well-formed, with the text as it was, whatever is in it', () => {
    const feed = writeFeed({
      title: hostile,
      link: 'https://x.example/?q="<>&',
      self: 'https://x.example/feeds',
      updated: '2026-01-01T00:00:00Z',
      entries: [{ title: hostile, link: 'https://x.example/a', updated: '2026-01-02T00:00:00Z', summary: hostile }],
    });
    const elements = parseXml(feed);
    const titles = elements.filter(({ name }) => name === 'title').map(({ text }) => text);
    expect(titles).toHaveLength(2);
    for (const title of titles) {
      expect(title).toMatch(/^<script>alert\(1\)<\/script> & "quotes" 'single' \]\]> \ufffd+ \ufffd <!-- 𝕏$/);
    }
    expect(elements.some(({ name }) => name === 'script')).toBe(false);
  });

  it('has what RFC 4287 asks for: id, title, updated, author, and its own address', () => {
    const feed = writeFeed({
      title: 't',
      link: 'https://x/l',
      self: 'https://x/s',
      updated: '2026-01-01T00:00:00Z',
      entries: [],
    });
    const elements = parseXml(feed);
    const text = (name: string) => elements.find(element => element.name === name)?.text;
    expect([text('id'), text('title'), text('updated'), text('name')]).toEqual([
      'https://x/s',
      't',
      '2026-01-01T00:00:00Z',
      'GoCenter',
    ]);
    expect(
      elements.filter(({ name }) => name === 'link').map(({ attributes }) => [attributes.rel, attributes.href]),
    ).toEqual([
      ['self', 'https://x/s'],
      ['alternate', 'https://x/l'],
    ]);
  });

  it('is as new as its newest entry', () => {
    const entry = (updated: string) => ({ title: '', link: updated, updated, summary: '' });
    const entries = [entry('2026-01-03T00:00:00Z'), entry('2026-01-05T00:00:00Z'), entry('2026-01-04T00:00:00Z')];
    const feed = writeFeed({ title: '', link: '', self: '', updated: '2027-01-01T00:00:00Z', entries });
    expect(parseXml(feed).find(({ name }) => name === 'updated')?.text).toBe('2026-01-05T00:00:00Z');
  });

  it('keeps letters of all planes and line breaks', () => {
    expect(escaped('a\tb\nc ü 漢 𝕏')).toBe('a\tb\nc ü 漢 𝕏');
  });
});

const module: Module = {
  module: 'a.example',
  newest: 'v1.2.3',
  status: 'published',
  time: null,
  synopsis: '',
  kinds: [],
  licences: ['MIT'],
  versions: 12,
  usedBy: 0,
  downloads: 12_345,
  vulnerabilities: [],
  deprecated: null,
  rejected: 0,
  firstSeen: null,
  repository: null,
  majors: [],
};

const textOf = async (kind: (typeof badgeKinds)[number], given: Partial<Module> = {}) => {
  const svg = await badge(kind, async () => ({ ...module, ...given }));
  return parseXml(svg).find(({ name }) => name === 'title')?.text;
};

describe('a badge', () => {
  it('says what it is asked to', async () => {
    expect(await textOf('version')).toBe('GoCenter: v1.2.3');
    expect(await textOf('licence', { licences: ['MIT', 'Apache-2.0'] })).toBe('licence: MIT, Apache-2.0');
    expect(await textOf('licence', { licences: [] })).toBe('licence: unknown');
    expect(await textOf('downloads')).toBe('downloads: 12.3K/month');
    expect(await textOf('vulnerabilities', { vulnerabilities: ['GO-1', 'GO-2'] })).toBe('vulnerabilities: 2');
    expect(await textOf('kept')).toBe('kept: 12 versions');
    expect(await textOf('kept', { status: 'rejected' })).toBe('kept: no');
  });

  it('is well-formed, whatever the version or the licence is called', async () => {
    for (const kind of badgeKinds) {
      const svg = await badge(kind, async () => ({ ...module, newest: hostile, licences: [hostile] }));
      const names = new Set(parseXml(svg).map(({ name }) => name));
      expect(names.has('script')).toBe(false);
    }
  });

  it('says "not here" for what is not, and fails for what fails', async () => {
    const failing = (kind: 'not-found' | 'unavailable') =>
      badge('version', async () => {
        throw new Fault(kind, 'x');
      });
    expect(await failing('not-found')).toContain('not here');
    await expect(failing('unavailable')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
