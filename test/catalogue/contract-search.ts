import { describe, expect, test } from 'vitest';
import { terms } from '../../services/catalogue/words.ts';
import { kindOf } from '../storage/helpers.ts';
import type { Both } from './contract.ts';
import { published } from './facts.ts';

const found = async (catalogue: Both, text: string, more = {}) =>
  (await catalogue.search({ text, limit: 50, ...more })).hits.map(({ module }) => module);

/** So many modules that require this one. */
const users = (module: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    published(`users.test/u${i}of${count}@v1.0.0`, { requires: [`${module}@v1.0.0`] }),
  );

export function searchContract(use: () => Both): void {
  describe('search', () => {
    const yamls = [
      published('a.test/yaml@v1.0.0', { synopsis: 'Package yaml reads YAML.' }),
      published('b.test/go-yaml@v1.0.0', { synopsis: 'Package yaml reads and writes.', licence: 'Apache-2.0' }),
      published('c.test/config@v1.0.0', { synopsis: 'Settings from YAML files.', time: '2020-05-05T00:00:00Z' }),
      published('d.test/tool@v1.0.0', { readme: 'It prints yaml.', command: true }),
      published('e.test/json@v1.0.0', { synopsis: 'Package json is for JSON.' }),
    ];

    test('ranks names over paths, synopses and README, and use over nothing', async () => {
      await use().put(yamls);
      expect(await found(use(), 'yaml')).toEqual(['a.test/yaml', 'b.test/go-yaml', 'c.test/config', 'd.test/tool']);
      await use().put(users('b.test/go-yaml', 40));
      expect((await found(use(), 'yaml')).slice(0, 2)).toEqual(['b.test/go-yaml', 'a.test/yaml']);
      await use().setDownloads(new Map([['a.test/yaml', 1_000_000]]));
      expect((await found(use(), 'yaml')).slice(0, 2)).toEqual(['a.test/yaml', 'b.test/go-yaml']);
    });

    test('wants every word, and takes the last for a beginning', async () => {
      await use().put(yamls);
      expect(await found(use(), 'yaml settings')).toEqual(['c.test/config']);
      expect(await found(use(), 'reads yam')).toEqual(['a.test/yaml', 'b.test/go-yaml']);
      expect(await found(use(), 'yam reads')).toEqual([]);
      expect(await found(use(), 'a package for yaml in Go')).toHaveLength(4);
      expect((await found(use(), 'b.test/go-yaml'))[0]).toBe('b.test/go-yaml');
    });

    test('filters by licence, kind and age', async () => {
      await use().put(yamls);
      expect(await found(use(), 'yaml', { licence: 'apache-2.0' })).toEqual(['b.test/go-yaml']);
      expect(await found(use(), 'yaml', { kind: 'command' })).toEqual(['d.test/tool']);
      expect(await found(use(), 'yaml', { updatedSince: '2020-05-06T00:00:00Z' })).not.toContain('c.test/config');
      expect(await found(use(), 'yaml', { updatedSince: '2020-05-05T00:00:00Z' })).toContain('c.test/config');
      expect(await found(use(), '', { kind: 'command' })).toEqual(['d.test/tool']);
      expect(await kindOf(use().search({ text: '', updatedSince: 'yesterday', limit: 1 }))).toBe('invalid');
    });

    test('forgives misspellings, says what it searched for, and leaves alone what is found', async () => {
      await use().put([...yamls, published('f.test/kubernetes@v1.0.0'), published('g.test/prometheus@v1.0.0')]);
      for (const text of ['kuberntes', 'kubernetess', 'kubernetse', 'Kubernetes']) {
        expect(await found(use(), text), text).toEqual(['f.test/kubernetes']);
      }
      const { corrected, hits } = await use().search({ text: 'promethus', limit: 5 });
      expect([corrected, hits[0]?.module]).toEqual(['prometheus', 'g.test/prometheus']);
      expect((await use().search({ text: 'yaml', limit: 5 })).corrected).toBeUndefined();
      expect(await use().search({ text: 'zzzzzzzz', limit: 5 })).toMatchObject({ total: 0, corrected: undefined });
    });

    test('forgives misspelt words of synopses, beside right ones too', async () => {
      const gin = published('gin.test/gin@v1.0.0', { synopsis: 'Package gin is a web framework with websockets.' });
      const cobra = published('cobra.test/cobra@v1.0.0', {
        synopsis: 'Package cobra is a commander for the command line.',
      });
      // Its README misspells a word in the same way: that alone must not stand in the way.
      const other = published('other.test/o@v1.0.0', { readme: 'It is small. It is a framwork.' });
      await use().put([gin, cobra]);
      for (const [text, module] of [
        ['framwork', 'gin.test/gin'],
        ['websokets', 'gin.test/gin'],
        ['web framwork', 'gin.test/gin'],
        ['comand line', 'cobra.test/cobra'],
        ['cobra comand', 'cobra.test/cobra'],
      ] as const) {
        expect(await found(use(), text), text).toEqual([module]);
      }
      await use().put([other]);
      expect(await use().search({ text: 'gin framwork', limit: 5 })).toMatchObject({
        corrected: 'gin framework',
        total: 1,
      });
      expect(await found(use(), 'framwork')).toEqual(['other.test/o']);
    });

    test('forgets the words of a synopsis that is no more, and keeps those that another module has', async () => {
      const [a, b] = ['a.test/a', 'b.test/b'];
      await use().put([
        published(`${a}@v1.0.0`, { synopsis: 'Package a is a framework.' }),
        published(`${b}@v1.0.0`, { synopsis: 'Package b is no framework.' }),
      ]);
      await use().put([published(`${a}@v1.1.0`, { synopsis: 'Package a is a toolkit.' })]);
      expect(await found(use(), 'framwork')).toEqual([b]);
      expect(await found(use(), 'tolkit')).toEqual([a]);
      await use().remove([{ module: b, version: 'v1.0.0' }]);
      expect(await use().search({ text: 'framwork', limit: 5 })).toMatchObject({ total: 0, corrected: undefined });
    });

    test('pages without gaps or repeats, and counts', async () => {
      await use().put(users('a.test/yaml', 25));
      const seen: string[] = [];
      let page = await use().search({ text: 'users', limit: 10 });
      for (;;) {
        expect(page).toMatchObject({ total: 25, atLeast: false });
        seen.push(...page.hits.map(({ module }) => module));
        if (page.next === undefined) break;
        page = await use().search({ text: 'users', limit: 10, cursor: page.next });
      }
      expect(seen).toHaveLength(25);
      expect(new Set(seen).size).toBe(25);
    });

    test('of more than it ranks shows the most used, also one without use by its exact name', async () => {
      await use().put(
        Array.from({ length: 700 }, (_, i) => published(`many.test/thing${i}@v1.0.0`, { synopsis: 'A thing.' })),
      );
      await use().put([...users('many.test/thing699', 30)]);
      const page = await use().search({ text: 'thing', limit: 1 });
      expect(page).toMatchObject({ atLeast: true, hits: [{ module: 'many.test/thing699' }] });
      expect((await found(use(), 'many.test/thing350'))[0]).toBe('many.test/thing350');
      expect((await found(use(), 'thing350'))[0]).toBe('many.test/thing350');
    });

    test('suggests what begins so, the most used first', async () => {
      await use().put([...yamls, ...users('b.test/go-yaml', 40)]);
      const names = async (text: string) => (await use().suggest(text, 5)).map(({ module }) => module);
      expect(await names('y')).toEqual(['b.test/go-yaml', 'a.test/yaml']);
      expect(await names('e.test/js')).toEqual(['e.test/json']);
      expect(await names('')).toEqual([]);
      expect(await names(' ; ')).toEqual([]);
    });

    test.each([
      `' OR 1=1 --`,
      `"yaml" OR "json"`,
      'yaml*',
      'words : yaml',
      'NEAR(yaml json)',
      '{facets} : all',
      `yaml'); DROP TABLE modules; --`,
      '%_%',
      '\0\ud800\uffff',
      '<script>alert(1)</script>',
      'x'.repeat(100_000),
      '('.repeat(1000),
      'é́'.repeat(5000),
    ])('takes %j as text', async text => {
      await use().put(yamls);
      const { hits } = await use().search({ text, limit: 50 });
      if (terms(text).length > 1) expect(hits.length).toBeLessThan(5);
      await use().suggest(text, 5);
      await use().search({ text: 'yaml', licence: text, limit: 5 });
      await use().module(text);
      await use().version(text, text);
      await use().usedBy({ module: text, version: text, limit: 5 });
      await use().list({ after: text, limit: 5 });
      expect((await use().counts()).modules).toBe(5);
    });
  });
}
