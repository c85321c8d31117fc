import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { hashGoMod } from '../../services/gomod/dirhash.ts';
import { type Candidate, openCandidate } from '../../services/validator/candidate.ts';
import { type ChecksumDatabase, type Rule, type RuleConfig, refuse } from '../../services/validator/rule.ts';
import { allowList } from '../../services/validator/rules/allow-list.ts';
import { checksumDatabase } from '../../services/validator/rules/checksum-database.ts';
import { cooldown } from '../../services/validator/rules/cooldown.ts';
import { denyList } from '../../services/validator/rules/deny-list.ts';
import { firstSeenHash } from '../../services/validator/rules/first-seen-hash.ts';
import { goModAgrees } from '../../services/validator/rules/go-mod-agrees.ts';
import { rules, structuralRules } from '../../services/validator/rules/index.ts';
import { pathAndVersion } from '../../services/validator/rules/path-and-version.ts';
import { sizeLimits } from '../../services/validator/rules/size-limits.ts';
import { zipWellFormed } from '../../services/validator/rules/zip-well-formed.ts';
import { type FixtureModule, moduleZip } from '../upstream/module.ts';
import { database, hello, noon, openWorld, type World } from './helpers.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

async function candidateOf(module: FixtureModule, more: Partial<Candidate> = {}): Promise<Candidate> {
  await world.quarantined(module);
  return { ...(await open(module)), ...more };
}

async function open({ path, version }: FixtureModule): Promise<Candidate> {
  const folder = () => mkdtemp(join(world.root, 'job-'));
  const candidate = await openCandidate(world.quarantine, path, version, folder);
  if (candidate === undefined) throw new Error('it is not complete');
  return candidate;
}

const check = (rule: Rule, candidate: Candidate, config: Partial<RuleConfig> = {}, sumdb?: ChecksumDatabase) =>
  rule.check(candidate, { config: { ...world.config, ...config }, records: world.records, sumdb, now: noon });

const goMod = (module: string) => ({ 'go.mod': `module ${module}\n` });
const passes = { pass: true };

test('every rule has a name of its own in kebab-case and a sentence', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  for (const { name, about } of rules) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(about).toMatch(/^Refuses .*\.$/);
  }
  expect(structuralRules.filter(({ overrulable }) => overrulable)).toEqual([]);
});

describe('size-limits', () => {
  test('passes what the go command accepts', async () => {
    const sizes = { zip: 500 << 20, mod: 16 << 20, info: 1 << 20 };
    expect(await check(sizeLimits, await candidateOf(hello, { sizes }))).toEqual(passes);
  });

  test.each([
    ['zip', 'its .zip has 524288001 bytes, more than the 524288000 allowed'],
    ['mod', 'its .mod has 16777217 bytes, more than the 16777216 allowed'],
    ['info', 'its .info has 1048577 bytes, more than the 1048576 allowed'],
  ] as const)('refuses a larger .%s', async (kind, message) => {
    const sizes = { zip: 1, mod: 1, info: 1, [kind]: { zip: 500 << 20, mod: 16 << 20, info: 1 << 20 }[kind] + 1 };
    expect(await check(sizeLimits, await candidateOf(hello, { sizes }))).toEqual(refuse(message));
  });
});

describe('path-and-version', () => {
  test.each([
    ['example.com/hello', 'v1.0.0'],
    ['example.com/hello', 'v0.0.0-20260102030405-0123456789ab'],
    ['example.com/hello/v2', 'v2.1.0-rc.1'],
    ['example.com/hello', 'v3.0.0+incompatible'],
    ['gopkg.in/yaml.v3', 'v3.0.1'],
    ['gopkg.in/yaml.v1', 'v0.0.0-20260102030405-0123456789ab'],
    ['golang.org/toolchain', 'v0.0.1-go1.26.6.linux-amd64'],
  ])('passes %s@%s', async (path, version) => {
    expect(await check(pathAndVersion, await candidateOf({ ...hello, path, version }))).toEqual(passes);
  });

  test.each([
    ['example.com/hello', 'v1.0.0+incompatible', '+incompatible is for v2 and up'],
    ['example.com/hello/v2', 'v2.0.0+incompatible', 'a path that ends in /v2 can’t have +incompatible versions'],
  ])('refuses %s@%s', async (path, version, message) => {
    const verdict = await check(pathAndVersion, await candidateOf({ ...hello, path, version }));
    expect(verdict).toEqual(refuse(message.replace('’', "'")));
  });

  test.each([
    ['example.com/hello/v2', 'v1.0.0'],
    ['example.com/hello', 'v2.0.0'],
    ['example.com/hello', 'v1.0'],
    ['example.com/hello', 'main'],
    ['example/hello', 'v1.0.0'],
    ['example.com/he llo', 'v1.0.0'],
  ])('refuses %s@%s with the sentence of the module rules', async (module, version) => {
    const candidate = await candidateOf(hello, { module, version });
    const verdict = await check(pathAndVersion, candidate);
    expect(verdict).toMatchObject({ pass: false, message: expect.stringMatching(/\S+ \S+/) });
    expect(verdict).not.toHaveProperty('until');
  });

  test('refuses a version that is not canonical', async () => {
    const candidate = await candidateOf(hello, { version: 'v1.0.0+build', info: infoOf({ Version: 'v1.0.0+build' }) });
    expect(await check(pathAndVersion, candidate)).toEqual(
      refuse('the version is not canonical, which would be v1.0.0'),
    );
  });

  const infoOf = (info: { Version: string }) => async () => ({ ...info, Time: hello.time, time: new Date(hello.time) });

  test('refuses an .info of another version', async () => {
    const candidate = await candidateOf(hello, { info: infoOf({ Version: 'v1.0.1' }) });
    expect(await check(pathAndVersion, candidate)).toEqual(refuse('its .info is of version v1.0.1'));
  });

  test.each([
    ['no JSON', 'its .info is not JSON'],
    ['null', 'its .info has no Version'],
    ['[]', 'its .info has no Version'],
    ['{"Version":1}', 'its .info has no Version'],
    ['{"Version":"v1.0.0","Time":1}', 'its .info has a Time that is not of RFC 3339'],
    ['{"Version":"v1.0.0","Time":"yesterday"}', 'its .info has a Time that is not of RFC 3339'],
    ['{"Version":"v1.0.0","Time":"2026-13-01T00:00:00Z"}', 'its .info has a Time that is not of RFC 3339'],
  ])('refuses the .info %s', async (text, message) => {
    await world.quarantined(hello);
    await world.quarantine.put('example.com/hello/@v/v1.0.0.info', Buffer.from(text));
    expect(await check(pathAndVersion, await open(hello))).toEqual(refuse(message));
  });

  test('passes an .info without a Time, which is optional', async () => {
    await world.quarantined(hello);
    await world.quarantine.put('example.com/hello/@v/v1.0.0.info', Buffer.from('{"Version":"v1.0.0"}'));
    expect(await check(pathAndVersion, await open(hello))).toEqual(passes);
  });

  test('throws what the store throws', async () => {
    const info = async () => {
      throw new Fault('unavailable', 'the disk fails');
    };
    await expect(check(pathAndVersion, await candidateOf(hello, { info }))).rejects.toThrow('the disk fails');
  });
});

describe('zip-well-formed', () => {
  test('passes a module zip', async () => {
    expect(await check(zipWellFormed, await candidateOf(hello))).toEqual(passes);
  });

  test('refuses what is none, with the reason', async () => {
    const verdict = await check(zipWellFormed, await candidateOf({ ...hello, zip: Buffer.from('no zip') }));
    expect(verdict).toMatchObject({ pass: false, message: expect.stringMatching(/\S+ \S+/) });
  });

  test('refuses the zip of another version', async () => {
    const zip = await moduleZip({ ...hello, version: 'v1.0.1' });
    expect(await check(zipWellFormed, await candidateOf({ ...hello, zip }))).toMatchObject({ pass: false });
  });

  test('throws what the store throws', async () => {
    const zip = async () => {
      throw new Fault('unavailable', 'the disk fails');
    };
    await expect(check(zipWellFormed, await candidateOf(hello, { zip }))).rejects.toThrow('the disk fails');
  });
});

describe('go-mod-agrees', () => {
  const incompatible = { path: 'example.com/old', version: 'v2.0.0+incompatible' };

  test.each<[string, Partial<FixtureModule>]>([
    ['a go.mod of the module', {}],
    ['no go.mod', { files: { 'hello.go': 'package hello\n' } }],
    ['no go.mod at +incompatible', { ...incompatible, files: { 'old.go': 'package old\n' } }],
    ['a fork, which keeps the path of what it forks', { files: goMod('example.org/original') }],
    ['a fork of the same major version', { path: 'a.test/m/v2', version: 'v2.0.0', files: goMod('b.test/m/v2') }],
    ['a clone of a gopkg.in module', { path: 'a.test/m', version: 'v1.0.0', files: goMod('gopkg.in/m.v3') }],
    ['a gopkg.in path for a v2', { path: 'a.test/m/v2', version: 'v2.0.0', files: goMod('gopkg.in/m.v2') }],
    ['what only main modules may not say', { files: { 'go.mod': `module ${hello.path}\nfuture directive\n` } }],
    [
      'a toolchain',
      { path: 'golang.org/toolchain', version: 'v0.0.1-go1.26.6.linux-amd64', files: { VERSION: 'go1.26.6' } },
    ],
  ])('passes %s', async (_, module) => {
    expect(await check(goModAgrees, await candidateOf({ ...hello, ...module }))).toEqual(passes);
  });

  test.each<[string, Partial<FixtureModule>, string]>([
    [
      'a .mod that is not the go.mod',
      { gomod: `module ${hello.path}\n` },
      'its .mod differs from the go.mod in its zip',
    ],
    [
      'a .mod that nobody wrote',
      { files: { 'a.go': 'package a\n' }, gomod: 'module example.com/hello\n\nrequire a.test/b v1.0.0\n' },
      'its zip has no go.mod, so its .mod must be "module example.com/hello\\n"',
    ],
    [
      'a go.mod at +incompatible',
      { ...incompatible, files: goMod('example.com/old') },
      '+incompatible is for versions without a go.mod',
    ],
    ['no module line', { files: { 'go.mod': 'go 1.22\n' } }, 'its go.mod has no module line'],
    [
      'another major version',
      { files: goMod('example.com/hello/v2') },
      'its go.mod is of module example.com/hello/v2, of another major version',
    ],
    [
      'a path without its major version',
      { path: 'example.com/hello/v2', version: 'v2.0.0', files: goMod('example.com/hello') },
      'its go.mod is of module example.com/hello, of another major version',
    ],
  ])('refuses %s', async (_, module, message) => {
    expect(await check(goModAgrees, await candidateOf({ ...hello, ...module }))).toEqual(refuse(message));
  });

  test('refuses what does not parse', async () => {
    const verdict = await check(goModAgrees, await candidateOf({ ...hello, files: { 'go.mod': 'module "a\n' } }));
    expect(verdict).toMatchObject({ pass: false, message: expect.stringMatching(/^its go\.mod does not parse: ./) });
  });
});

describe('checksum-database', () => {
  const name = `${hello.path}@${hello.version}`;
  async function record() {
    const candidate = await candidateOf(hello);
    const { hash } = await candidate.zip();
    return {
      candidate,
      entry: { zipHash: hash, goModHash: hashGoMod(await candidate.mod()), position: 7, treeSize: 99 },
    };
  }

  test('passes what the database proves, and says where', async () => {
    const { candidate, entry } = await record();
    const verdict = await check(checksumDatabase, candidate, {}, database({ [name]: entry }));
    expect(verdict).toEqual({ pass: true, checksumDatabase: { name: 'sumdb.test', position: 7, treeSize: 99 } });
  });

  test('asks nothing about private modules, and nobody when there is no database', async () => {
    const candidate = await candidateOf(hello);
    const forbidden = database({ [name]: new Fault('internal', 'it was asked') });
    expect(await check(checksumDatabase, candidate, { PRIVATE_MODULES: ['*.com/hello'] }, forbidden)).toEqual(passes);
    expect(await check(checksumDatabase, candidate)).toEqual(passes);
    const other = check(checksumDatabase, candidate, { PRIVATE_MODULES: ['example.com/hell'] }, forbidden);
    await expect(other).rejects.toThrow('it was asked');
  });

  test('refuses another zip, and another go.mod, for ever and with an alarm', async () => {
    const { candidate, entry } = await record();
    const { zipHash, goModHash } = entry;
    const zip = await check(checksumDatabase, candidate, {}, database({ [name]: { ...entry, zipHash: 'h1:z=' } }));
    expect(zip).toEqual(refuse(`its zip is ${zipHash}, but sumdb.test has h1:z=`, { alarm: 'checksum-mismatch' }));
    const mod = await check(checksumDatabase, candidate, {}, database({ [name]: { ...entry, goModHash: 'h1:m=' } }));
    expect(mod).toEqual(refuse(`its go.mod is ${goModHash}, but sumdb.test has h1:m=`, { alarm: 'checksum-mismatch' }));
  });

  test.each(['not-found', 'gone'] as const)('refuses what the database says is %s, for half an hour', async kind => {
    const sumdb = database({ [name]: new Fault(kind, 'no such module') });
    const message =
      'sumdb.test does not have it (no such module); if the module is private, name it in PRIVATE_MODULES';
    const until = new Date('2026-06-01T12:30:00.000Z');
    expect(await check(checksumDatabase, await candidateOf(hello), {}, sumdb)).toEqual(refuse(message, { until }));
  });

  test('refuses an answer that is not proven, with an alarm', async () => {
    const sumdb = database({ [name]: new Fault('security', 'sumdb.test has two timelines') });
    const until = new Date('2026-06-01T12:30:00.000Z');
    const expected = refuse('sumdb.test has two timelines', { until, alarm: 'checksum-database' });
    expect(await check(checksumDatabase, await candidateOf(hello), {}, sumdb)).toEqual(expected);
  });

  test.each(['timed-out', 'unavailable', 'bad-origin'] as const)('can’t tell when the database is %s', async kind => {
    const sumdb = database({ [name]: new Fault(kind, 'no answer') });
    await expect(check(checksumDatabase, await candidateOf(hello), {}, sumdb)).rejects.toThrow('no answer');
  });
});

describe('first-seen-hash', () => {
  const moved = { ...hello, files: { ...hello.files, 'hello.go': 'package hello // moved\n' } };
  const isPrivate = { PRIVATE_MODULES: ['example.com'] };

  test('refuses other content than the first seen, without a database for all modules, else for private ones', async () => {
    const first = await candidateOf(hello);
    const { hash: was } = await first.zip(); // copied before the other comes into its place
    const second = await candidateOf(moved);
    const { hash: is } = await second.zip();
    expect(is).not.toBe(was);
    const refusal = refuse(`its zip is ${is}, but was ${was} when it was first seen`, { alarm: 'changed-bytes' });
    expect(await check(firstSeenHash, first, {}, database({}))).toEqual(passes);
    expect(await check(firstSeenHash, second, {}, database({}))).toEqual(passes);
    expect(await check(firstSeenHash, first)).toEqual(passes);
    expect(await check(firstSeenHash, second)).toEqual(refusal);
    expect(await check(firstSeenHash, second, isPrivate, database({}))).toEqual(refusal);
    expect(await check(firstSeenHash, first, isPrivate, database({}))).toEqual(passes);
  });
});

describe('allow-list', () => {
  test.each([
    [[], true],
    [['example.com'], true],
    [['example.com/*'], true],
    [['other.test', 'example.com/hello'], true],
    [['example.com/hello@v1.0.0'], true],
    [['example.com/hello@v1.0.1'], false],
    [['example.com/hell'], false],
    [['example.com/hello/sub'], false],
  ])('%j lets example.com/hello@v1.0.0 pass: %s', async (ALLOW, expected) => {
    const refusal = refuse('example.com/hello@v1.0.0 is not on the list of allowed modules');
    expect(await check(allowList, await candidateOf(hello), { ALLOW })).toEqual(expected ? passes : refusal);
  });
});

describe('deny-list', () => {
  test.each([
    [[], true],
    [['example.com'], false],
    [['other.test', 'example.com/h*'], false],
    [['example.com/hello@v1.0.0'], false],
    [['example.com/hello@v1.0.1'], true],
    [['example.com/hello/sub', 'example'], true],
  ])('%j lets example.com/hello@v1.0.0 pass: %s', async (DENY, expected) => {
    const refusal = refuse('example.com/hello@v1.0.0 is on the list of denied modules');
    expect(await check(denyList, await candidateOf(hello), { DENY })).toEqual(expected ? passes : refusal);
  });
});

describe('cooldown', () => {
  const COOLDOWN = 3 * 86_400_000;

  test.each([
    ['2026-05-29T12:00:00Z', COOLDOWN],
    ['2020-01-01T00:00:00+02:00', COOLDOWN],
    ['2026-06-01T12:00:00Z', 0],
  ])('passes a version of %s', async (time, duration) => {
    expect(await check(cooldown, await candidateOf({ ...hello, time }), { COOLDOWN: duration })).toEqual(passes);
  });

  test.each([
    ['2026-05-29T12:00:01Z', '2026-05-29T12:00:01.000Z', '2026-06-01T12:00:01.000Z'],
    ['2026-06-01T11:00:00.5Z', '2026-06-01T11:00:00.500Z', '2026-06-04T11:00:00.500Z'],
    ['2126-06-01T12:00:00Z', '2126-06-01T12:00:00.000Z', '2026-06-04T12:00:00.000Z'],
  ])('refuses a version of %s until it is old enough', async (time, of, end) => {
    const refusal = refuse(`it is of ${of} and may be used from ${end} on`, { until: new Date(end) });
    expect(await check(cooldown, await candidateOf({ ...hello, time }), { COOLDOWN })).toEqual(refusal);
  });

  test('refuses a version without a time for ever, and lets it pass when it is off', async () => {
    const candidate = await candidateOf(hello, { info: async () => ({ Version: 'v1.0.0', time: undefined }) });
    const refusal = refuse('its origin does not say of when it is, so its age can’t be known');
    expect(await check(cooldown, candidate, { COOLDOWN })).toEqual(refusal);
    expect(await check(cooldown, candidate, { COOLDOWN: 0 })).toEqual(passes);
  });
});
