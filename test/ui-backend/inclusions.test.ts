import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { VersionDetail } from '../../services/catalogue/index.ts';
import { Fault } from '../../services/errors.ts';
import type { DeadLetter, Messaging } from '../../services/messaging/index.ts';
import type { Origin } from '../../services/origin/index.ts';
import { createAccess } from '../../services/proxy/access.ts';
import { clearOutcome, RunLog, versionKey, writeOutcome } from '../../services/records/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { View } from '../../services/ui-backend/answers/handlers.ts';
import { createInclusionAnswers } from '../../services/ui-backend/answers/inclusions.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Real stores, messages and an origin that are written down. */
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-inclusions-'));
  folders.push(folder);
  const published = await createFileStorage({ root: join(folder, 'published') });
  const records = await createFileStorage({ root: join(folder, 'records') });
  const sent: { module: string; version: string; by: string }[] = [];
  const dead: DeadLetter[] = [];
  const messaging = {
    publish: async (_: string, message: never) => sent.push(message),
    deadLetters: async (name: string) => (name === 'processor' ? [...dead] : []),
  } as unknown as Messaging;
  const origin = {
    latest: async () => ({ Version: 'v1.4.0' }),
    query: async (_: string, query: string) => {
      if (query !== 'main') throw new Fault('not-found', `unknown revision ${query}`);
      return { Version: 'v1.4.1-0.20260102030405-0123456789ab' };
    },
  } as unknown as Origin;
  let time = Date.parse('2026-03-01T00:00:00Z');
  const now = () => {
    time += 1000;
    return new Date(time);
  };
  const indexed = new Set<string>();
  const catalogue = {
    version: async (module: string, version: string) =>
      indexed.has(`${module}@${version}`) ? ({ status: 'published' } as VersionDetail) : undefined,
  };
  const answers = createInclusionAnswers({ published, records, messaging, origin, catalogue, now });
  const access = createAccess({ tokens: [], requireToken: false, privateModules: ['corp.example'] });
  const view = { reader: access.identify(undefined) } as View;
  const wait = (ms: number) => {
    time += ms;
  };
  return { answers, view, published, records, sent, dead, wait, indexed };
}

const module = 'a.example/x';
const version = 'v1.0.0';

describe('an inclusion request', () => {
  it('is asked for by message, and told of as it gets on: requested, fetched, published', async () => {
    const { answers, view, sent, records, published, indexed } = await start();
    const asked = await answers.include({ module, version }, view);
    expect(asked).toMatchObject({ module, version, state: 'requested', done: false });
    expect(sent).toMatchObject([{ v: 1, module, version, by: 'page' }]);
    const state = () => answers.inclusion({ id: asked.id }, view);
    expect(await state()).toEqual(asked);

    await new RunLog('processor').write(records, module, version, 'fetched from direct');
    expect(await state()).toMatchObject({ state: 'fetched', done: false });

    await published.put(`${versionKey(module, version)}.info`, Buffer.from('{}'));
    // Its page is not there before the catalogue has it.
    expect(await state()).toMatchObject({ state: 'published', done: false });
    indexed.add(`${module}@${version}`);
    expect(await state()).toMatchObject({ state: 'published', done: true });
  });

  it('that was given up is failed for good with the reason, and gets on again when it is replayed or asked for again', async () => {
    const { answers, view, sent, dead, wait } = await start();
    const letterOf = (message: unknown) => ({
      ...{ id: '1', message, publishedAt: new Date(), attempts: 5, error: 'the disk is full' },
    });
    const { id } = await answers.include({ module, version }, view);
    const state = () => answers.inclusion({ id }, view);
    const [first] = sent;
    dead.push(
      letterOf({ ...first, requestedAt: '2026-01-01T00:00:00.000Z' }),
      letterOf({ ...first, version: 'v2.0.0' }),
    );
    wait(60_000);
    expect(await state()).toMatchObject({ state: 'requested', done: false });

    dead.push(letterOf(first));
    wait(60_000);
    const message = expect.stringMatching(/given up after 5 attempts: the disk is full\. Ask for it again/);
    expect(await state()).toMatchObject({ state: 'failed', done: true, message });

    const [replayed] = dead.splice(2);
    wait(60_000);
    expect(await state()).toMatchObject({ state: 'requested', done: false });

    if (replayed !== undefined) dead.push(replayed);
    wait(60_000);
    expect(await answers.include({ module, version }, view)).toMatchObject({ state: 'requested', done: false });
    expect(sent).toHaveLength(2);
    wait(60_000);
    expect(await state()).toMatchObject({ state: 'requested', done: false });
  });

  it('tells why a version was rejected, rule by rule', async () => {
    const { answers, view, records } = await start();
    const { id } = await answers.include({ module, version }, view);
    const reasons = [{ rule: 'deny-list', message: 'it is denied here' }];
    await writeOutcome(records, module, version, {
      kind: 'refused',
      message: 'x',
      reasons,
      at: '2026-03-02T00:00:00Z',
    });
    expect(await answers.inclusion({ id }, view)).toMatchObject({ state: 'rejected', reasons, done: true });
  });

  it('is over when no origin has the version, but not when an origin is merely silent', async () => {
    const { answers, view, records } = await start();
    const { id } = await answers.include({ module, version }, view);
    const at = '2026-03-02T00:00:00Z';
    await writeOutcome(records, module, version, { kind: 'timed-out', message: 'silent', at });
    expect(await answers.inclusion({ id }, view)).toMatchObject({ state: 'failed', message: 'silent', done: false });
    await writeOutcome(records, module, version, { kind: 'not-found', message: 'no such tag', at });
    expect(await answers.inclusion({ id }, view)).toMatchObject({
      state: 'failed',
      message: 'no such tag',
      done: true,
    });
  });

  it('is over when the processor has given it up, also when that outcome holds no more, until it is asked for again', async () => {
    const { answers, view, records, sent } = await start();
    const { id, requestedAt } = await answers.include({ module, version }, view);
    const given = { kind: 'timed-out', message: 'silent', at: requestedAt, until: requestedAt, givenUp: true } as const;
    await writeOutcome(records, module, version, given);
    expect(await answers.inclusion({ id }, view)).toMatchObject({ state: 'failed', message: 'silent', done: true });
    await writeOutcome(records, module, version, { ...given, at: '2020-01-01T00:00:00Z' });
    expect(await answers.inclusion({ id }, view)).toMatchObject({ state: 'requested', done: false });
    await writeOutcome(records, module, version, given);
    const { length } = sent;
    await answers.include({ module, version }, view);
    expect(sent.length).toBe(length + 1);
  });

  it('resolves the latest version and branches, and keeps what the origin says of a wrong one', async () => {
    const { answers, view } = await start();
    expect(await answers.include({ module }, view)).toMatchObject({ version: 'v1.4.0' });
    expect(await answers.include({ module, version: 'latest' }, view)).toMatchObject({ version: 'v1.4.0' });
    expect(await answers.include({ module, version: 'main' }, view)).toMatchObject({
      version: 'v1.4.1-0.20260102030405-0123456789ab',
    });
    await expect(answers.include({ module, version: 'nope' }, view)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('is one, however often it is repeated, and can be repeated when it has failed', async () => {
    const { answers, view, sent, records } = await start();
    const first = await answers.include({ module, version }, view);
    const second = await answers.include({ module, version }, view);
    expect(second.id).toBe(first.id);
    expect((await answers.inclusions({}, view)).items).toHaveLength(1);
    await writeOutcome(records, module, version, { kind: 'not-found', message: 'x', at: '2026-03-02T00:00:00Z' });
    const before = sent.length;
    await answers.include({ module, version }, view);
    expect(sent.length).toBe(before + 1);
    await clearOutcome(records, module, version);
    expect(await answers.inclusion({ id: first.id }, view)).toMatchObject({ state: 'requested' });
  });

  it('is not sent again for what is published or rejected', async () => {
    const { answers, view, sent, records, published } = await start();
    await published.put(`${versionKey(module, version)}.info`, Buffer.from('{}'));
    expect(await answers.include({ module, version }, view)).toMatchObject({ state: 'published' });
    const refused = {
      kind: 'refused',
      message: 'x',
      reasons: [{ rule: 'r', message: 'm' }],
      at: '2026-03-02T00:00:00Z',
    };
    await writeOutcome(records, module, 'v2.0.0+incompatible', refused as never);
    expect(await answers.include({ module, version: 'v2.0.0+incompatible' }, view)).toMatchObject({
      state: 'rejected',
    });
    expect(sent).toEqual([]);
  });

  it('refuses names that can’t be, and private modules without a token', async () => {
    const { answers, view, sent } = await start();
    for (const [name, wanted] of [
      ['no path', version],
      ['../../etc', version],
      ['<script>', version],
      ['a.example/v2', 'v1.0.0'],
      ['a.example/x', '../../v1'],
    ]) {
      await expect(answers.include({ module: name ?? '', version: wanted ?? '' }, view)).rejects.toMatchObject({
        kind: expect.stringMatching(/invalid|not-found/),
      });
    }
    await expect(answers.include({ module: 'corp.example/x' }, view)).rejects.toMatchObject({ kind: 'refused' });
    expect(sent).toEqual([]);
  });

  it('lists what was asked for lately, newest first, each once, private ones to nobody', async () => {
    const { answers, view, records } = await start();
    const names = ['a.example', 'b.example', 'c.example'];
    for (const name of names) await answers.include({ module: name, version }, view);
    await writeOutcome(records, 'a.example', version, { kind: 'not-found', message: 'x', at: '2026-03-02T00:00:00Z' });
    await answers.include({ module: 'a.example', version }, view);
    const all: View = { ...view, reader: { name: 'team', ci: false, maySee: () => true } };
    await answers.include({ module: 'corp.example/x', version }, all);
    const listed = async (who: View, limit?: number) =>
      (await answers.inclusions({ ...(limit && { limit }) }, who)).items.map(item => item.module);
    expect(await listed(view)).toEqual(['a.example', 'c.example', 'b.example']);
    expect(await listed(all, 2)).toEqual(['corp.example/x', 'a.example']);
  });
});
