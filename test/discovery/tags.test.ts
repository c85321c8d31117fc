import { describe, expect, test } from 'vitest';
import { parseTag, versionsOf } from '../../services/discovery/hooks/tag.ts';
import { createTags, newTags } from '../../services/discovery/tags.ts';
import { Fault } from '../../services/errors.ts';
import { createMemoryStorage } from './memory.ts';

describe('new tags are', () => {
  test.each([
    [
      'those above all that is kept',
      ['v1.0.0'],
      ['v0.9.0', 'v1.0.0', 'v1.1.0', 'v2.0.0+incompatible'],
      ['v1.1.0', 'v2.0.0+incompatible'],
    ],
    [
      'those above what is kept of their own minor line',
      ['v1.2.3', 'v1.3.0'],
      ['v1.2.2', 'v1.2.4', 'v1.1.9'],
      ['v1.2.4'],
    ],
    ['no pre-releases unless one is kept', ['v1.0.0'], ['v1.1.0-rc.1'], []],
    ['pre-releases when one is kept', ['v1.0.0-rc.1'], ['v1.0.0-rc.2'], ['v1.0.0-rc.2']],
    ['none for a module of which only commits are kept', ['v0.0.0-20240101000000-0123456789ab'], ['v1.0.0'], []],
    [
      'ascending, the newest ten',
      ['v1.0.0'],
      Array.from({ length: 12 }, (_, i) => `v1.${i + 1}.0`),
      Array.from({ length: 10 }, (_, i) => `v1.${i + 3}.0`),
    ],
    ['canonical only', ['v1.0.0'], ['v1.1', 'latest', 'v1.1.0+meta'], []],
  ])('%s', (_, kept, tags, expected) => {
    expect(newTags(kept, tags)).toEqual(expected);
  });
});

test.each([
  ['v1.2.3', { folder: '', version: 'v1.2.3' }],
  ['tools/gen/v0.1.0', { folder: 'tools/gen', version: 'v0.1.0' }],
  ['v2.0.0-rc.1', { folder: '', version: 'v2.0.0-rc.1' }],
  ['1.2.3', undefined],
  ['v1.2', undefined],
  ['v2.0.0+incompatible', undefined],
  ['v1.2.3+meta', undefined],
  ['v0.0.0-20240101000000-0123456789ab', undefined],
  ['release/1', undefined],
])('the tag %s is read as a version of Go, or as none', (tag, expected) => {
  expect(parseTag(tag)).toEqual(expected);
});

describe('a tag of a repository may be', () => {
  const names = (...args: Parameters<typeof versionsOf>) =>
    versionsOf(...args).map(({ module, version }) => `${module}@${version}`);
  const repository = 'github.com/Corp/tool';

  test('its module, with the major version in its path from v2 on', () => {
    expect(names(repository, { folder: '', version: 'v1.0.0' }, [], [])).toEqual([`${repository}@v1.0.0`]);
    expect(names(repository, { folder: '', version: 'v3.1.0' }, [], [])).toEqual([`${repository}/v3@v3.1.0`]);
    expect(names(repository, { folder: 'sub/dir', version: 'v2.0.0' }, [], [])).toEqual([
      `${repository}/sub/dir/v2@v2.0.0`,
    ]);
  });

  test('one without go.mod, where such are kept', () => {
    expect(names(repository, { folder: '', version: 'v3.0.0' }, [], ['v2.0.0+incompatible'])).toEqual([
      `${repository}/v3@v3.0.0`,
      `${repository}@v3.0.0+incompatible`,
    ]);
  });

  test('modules of other paths that are known to come from its folder, of the major version of the tag', () => {
    const known = [
      { module: 'go.corp.example/tool', folder: '' },
      { module: 'go.corp.example/tool/v2', folder: 'v2' },
      { module: 'go.corp.example/other', folder: 'other' },
      { module: 'gopkg.in/tool.v1', folder: '' },
    ];
    expect(names(repository, { folder: '', version: 'v2.5.0' }, known, [])).toEqual([
      'go.corp.example/tool/v2@v2.5.0',
      'gopkg.in/tool.v2@v2.5.0',
    ]);
    expect(names(repository, { folder: 'other', version: 'v1.0.0' }, known, [])).toEqual([
      'go.corp.example/other@v1.0.0',
    ]);
  });
});

describe('the walk through the modules', () => {
  const modules = ['a.test/a', 'a.test/a/sub', 'a.test/b', 'b.test/c'];
  const period = 4_000_000;

  async function open(list: (module: string) => Promise<string[]> = async () => []) {
    const published = createMemoryStorage();
    for (const module of modules) {
      for (const kind of ['info', 'mod', 'zip']) await published.put(`${module}/@v/v1.0.0.${kind}`, Buffer.from(''));
    }
    const records = createMemoryStorage();
    const looked: string[] = [];
    const world = { published, records, looked, time: 0, asked: [] as string[] };
    const start = () =>
      createTags({
        published,
        records,
        origin: {
          list: module => {
            looked.push(module);
            return list(module);
          },
        },
        asker: {
          async ask({ module, version }) {
            world.asked.push(`${module}@${version}`);
            return 'asked';
          },
        },
        period,
        now: () => new Date(world.time),
        random: () => 0.5,
      });
    return { ...world, world, start };
  }

  test('looks at each module once in a period, then begins again no sooner', async () => {
    const { world, start } = await open();
    const tags = start();
    const { signal } = new AbortController();
    for (let step = 0; step < 4; step++) world.time += await tags.step(signal);
    expect(world.looked).toEqual(modules);
    const rest = await tags.step(signal);
    expect(world.time + rest).toBe(period);
    world.time += rest;
    const again = [];
    world.time += await tags.step(signal);
    for (let step = 0; step < 4; step++) again.push(await tags.step(signal));
    expect(world.looked).toEqual([...modules, ...modules]);
    expect(again[0]).toBe(period / 4); // the second pass knows how many there are
  });

  test('goes on after a restart where it was', async () => {
    const { world, start } = await open();
    const { signal } = new AbortController();
    const tags = start();
    for (let step = 0; step < 2; step++) world.time += 20_000 + (await tags.step(signal));
    const other = start();
    for (let step = 0; step < 2; step++) await other.step(signal);
    expect(world.looked).toEqual(modules);
  });

  test('leaves a host alone that fails, and asks the others', async () => {
    const { world, start } = await open(async module => {
      if (module.startsWith('a.test')) throw new Fault('unavailable', 'busy', { retryAfter: 600 });
      return ['v1.1.0'];
    });
    const { signal } = new AbortController();
    const tags = start();
    for (let step = 0; step < 4; step++) await tags.step(signal);
    expect(world.looked).toEqual(['a.test/a', 'b.test/c']);
    expect(world.asked).toEqual(['b.test/c@v1.1.0']);
  });
});
