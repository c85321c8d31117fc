import { describe, expect, it } from 'vitest';
import { contents, createMemoryCache, faultOf, type Setup, setUp } from './helpers.ts';
import { createSigner, h1, moduleAt, parseTilePath, recordOf, TestLog } from './log.ts';

/**
 * The attacks that reference and advisories name (CVE-2026-42501, -56864, -56865 in the go command were of this kind).
 * Each must end in `security`, keep nothing, leave the trusted tree as it was, and not spoil the lookups after it.
 */
const size = 66_559;
const log = new TestLog(size);
const target = moduleAt(1000);
const lookupPath = `lookup/${target}@v1.0.0`;
const honest = log.lookup(1000);
const record = log.records[1000] ?? '';

/** Another history under the same key: the target has another hash, and so has every tree from there on. */
const evil = new TestLog(1000);
evil.add(record.replace(/h1:\S+/, h1('evil')));
evil.grow(size + 1);

/** Runs an attack against a fresh client, and against one that trusts the tree of 40,000 records. */
async function attack(answer: (path: string) => Buffer | string | undefined, reason: string): Promise<void> {
  for (const begin of [0, 40_000]) {
    const setup = setUp(log);
    if (begin > 0) await trust(setup, begin);
    await resist(setup, answer, reason);
  }
}

async function trust(setup: Setup, begin: number): Promise<void> {
  setup.answer = path => log.read(path, begin);
  await setup.client.lookup(moduleAt(3), 'v1.0.0');
}

async function resist(setup: Setup, answer: (path: string) => Buffer | string | undefined, reason: string) {
  const before = contents(setup.cache);
  setup.answer = path => Buffer.from(answer(path) ?? log.read(path));
  for (const client of [setup.client, setup.restart()]) {
    setup.reads.length = 0;
    const fault = await faultOf(client.lookup(target, 'v1.0.0'));
    expect(fault).toMatchObject({ kind: 'security' });
    expect(fault.message).toContain(`sumdb.test, ${target}@v1.0.0: `);
    expect(fault.message).toContain(reason);
    expect(setup.reads.filter(path => path === lookupPath)).toHaveLength(1);
    expect(contents(setup.cache)).toEqual(before);
  }
  setup.answer = path => log.read(path);
  expect(await setup.client.lookup(target, 'v1.0.0')).toMatchObject({ position: 1000, treeSize: size });
}

/** The lookup answered with this text. */
const answered = (text: string) => (path: string) => (path === lookupPath ? text : undefined);

describe('a forged lookup', () => {
  const note = log.note();
  const evilLine = `${target} v1.0.0 ${h1('evil')}\n`;
  const hashes = record.replace(/h1:\S+/, h1('evil'));
  const stranger = createSigner('sumdb.test', 'another key');

  it.each([
    ['another hash in the record', honest.replace(record, hashes), 'forged record'],
    ['the record of another module', log.lookup(1001), 'not about this version'],
    ['the record of another version', honest.replaceAll('v1.0.0', 'v1.0.1'), 'not about this version'],
    ['the place of another record', honest.replace('1000', '1001'), 'forged record'],
    ['a line more in the record', honest.replace(record, record + evilLine), 'more than one h1 hash'],
    ['a line of another module', honest.replace(record, record + recordOf('example.com/x', 'v1.0.0')), 'not about'],
    ['a line less', honest.replace(/.*\/go\.mod h1.*\n/, ''), 'no h1 hash of go.mod'],
    ['no lines', `1000\n\n${note}`, 'malformed'],
    ['hashes among the signatures', `${log.lookup(1001)}${evilLine}`, 'malformed note'],
    ['hashes between record and note', log.lookup(1001).replace('\n\n', `\n\n${evilLine}\n`), 'is wrong'],
    [
      'hashes in the signed tree note',
      `1001\n${log.records[1001]}\n${log.note(size, { extra: evilLine })}`,
      'not about',
    ],
    ['hashes after a blank line', honest.replace(record, `${record}\n${evilLine}`), ''],
    ['a place beyond the signed tree', `${size}\n${record}\n${note}`, `record ${size} is not in the signed tree`],
    ['a place beyond the signed tree, in the trusted one', `1000\n${record}\n${log.note(1000)}`, 'record 1000 is not'],
    ['a place beyond all numbers', `9007199254740993\n${record}\n${note}`, 'malformed record'],
    ['a negative place', `-1\n${record}\n${note}`, 'malformed record'],
    ['the empty tree', `0\n${record}\n${log.note(0)}`, 'record 0 is not in the signed tree of 0'],
    ['a signature by another key', `1000\n${record}\n${log.note(size, { signer: stranger })}`, 'not signed by'],
    ['another name', `1000\n${record}\n${log.note(size, { signer: createSigner('evil.test') })}`, 'not signed by'],
    ['the key hash of another key', honest.replace(/test .{5}/, 'test AAAAA'), 'not signed by'],
    ['a tree that was not signed', honest.replace(`\n${size}\n`, `\n${size + 1}\n`), 'is wrong'],
    ['an unsigned tree', honest.replace(/— .*\n/, ''), 'cut short'],
    ['no tree', `1000\n${record}\n`, 'malformed note'],
    ['a signed note that is no tree', forgeText('hello\n'), 'malformed tree'],
    ['a page of HTML', '<!doctype html><title>Sign in</title>', 'malformed record'],
    ['nothing', '', 'malformed record'],
    ['more than a mebibyte', honest + 'x'.repeat(1 << 20), 'larger than'],
  ])('with %s', async (_, text, reason) => {
    await attack(answered(text), reason);
  });

  it('cut anywhere', async () => {
    const setup = setUp(log);
    for (let length = 0; length < honest.length; length++) {
      setup.answer = () => Buffer.from(honest.slice(0, length));
      expect(await faultOf(setup.client.lookup(target, 'v1.0.0'))).toMatchObject({ kind: 'security' });
    }
    expect(contents(setup.cache)).toEqual(contents(createMemoryCache()));
  });

  it('with any one bit changed', async () => {
    const setup = setUp(log);
    const bytes = Buffer.from(honest);
    for (let at = 0; at < bytes.length; at++) {
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] ?? 0) ^ (1 << (at % 7));
      setup.answer = path => (path === lookupPath ? forged : log.read(path));
      expect(await faultOf(setup.client.lookup(target, 'v1.0.0'))).toMatchObject({ kind: 'security' });
    }
    expect(contents(setup.cache)).toEqual(contents(createMemoryCache()));
  });

  function forgeText(text: string): string {
    return `1000\n${record}\n${text}\n${log.signer.sign(text)}`;
  }
});

describe('a forged tile', () => {
  const onTheWay = ['tile/8/0/259.p/255', 'tile/8/1/001.p/3', 'tile/8/2/000.p/1', 'tile/8/0/003', 'tile/8/1/000'];

  describe.each(onTheWay)('%s', path => {
    const bytes = log.read(path);
    const last = Buffer.from(bytes);
    last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;

    it.each([
      ['of zeros', Buffer.alloc(bytes.length), 'forged tile'],
      ['with its last bit changed', last, 'forged tile'],
      ['a byte short', bytes.subarray(1), 'bytes instead of'],
      ['a byte long', Buffer.concat([bytes, Buffer.of(0)]), 'bytes instead of'],
      ['a hash short', bytes.subarray(32), 'bytes instead of'],
      ['that is empty', Buffer.of(), 'bytes instead of'],
    ])('%s', async (_, forged, reason) => {
      await attack(asked => (asked === path ? forged : undefined), reason);
    });
  });

  it('a full tile where the partial one is gone, that begins wrongly', async () => {
    const setup = setUp(log);
    setup.answer = path => {
      if (path === 'tile/8/0/259') return Buffer.alloc(8192);
      return log.read(path === 'tile/8/0/259.p/255' ? 'tile/8/0/999' : path);
    };
    expect(await faultOf(setup.client.lookup(target, 'v1.0.0'))).toMatchObject({ kind: 'security' });
  });

  it.each([[[0]], [[0, 1]], [[0, 1, 2]]])('on levels %j, that bear out a forged record', async levels => {
    await attack(path => {
      if (path === lookupPath) return `1000\n${evil.records[1000]}\n${log.note()}`;
      const { level, index, width } = parseTilePath(path);
      return levels.includes(level) ? evil.tile(level, index, width) : undefined;
    }, 'forged tile');
  });
});

describe('a fork', () => {
  // Tiles that it has not are taken from the honest log, as an attacker would.
  const serve = (size: number) => (path: string) =>
    path.startsWith('lookup/') || size > 40_000 ? evil.read(path, size) : log.read(path);

  it.each([
    ['older than the trusted tree', 30_000],
    ['as large as the trusted tree', 40_000],
    ['newer than the trusted tree', 40_001],
    ['much newer', size + 1],
  ])('%s', async (_, size) => {
    const setup = setUp(log);
    await trust(setup, 40_000);
    await resist(setup, serve(size), 'fork: the signed tree of');
  });

  it('is proven by what the fault holds', async () => {
    const setup = setUp(log);
    await trust(setup, 40_000);
    setup.answer = serve(size);
    const { cause } = await faultOf(setup.client.lookup(target, 'v1.0.0'));
    const evidence = (cause as Error).message;
    expect(evidence).toContain(`older tree:\n${log.note(40_000)}`);
    expect(evidence).toContain(`newer tree:\n${evil.note(size)}`);
    expect(evidence).toContain(`the newer tree begins with:\n${evil.root(40_000).toString('base64')}\n`);
  });

  it('is seen when another client of the cache trusts the other side', async () => {
    const cache = createMemoryCache();
    const [one, two] = [setUp(log, cache), setUp(log, cache)];
    await trust(one, 900);
    await trust(two, 900);
    await trust(one, 40_000);
    two.answer = path => evil.read(path, 40_000);
    expect(await faultOf(two.client.lookup(target, 'v1.0.0'))).toMatchObject({ kind: 'security' });
    expect([...cache.latest.values()].at(-1)?.toString()).toBe(log.note(40_000));
  });

  it('is seen when two clients race with it', async () => {
    const cache = createMemoryCache();
    const [one, two] = [setUp(log, cache), setUp(log, cache)];
    one.answer = path => log.read(path, 40_000);
    two.answer = path => evil.read(path, 40_000);
    const lookups = [one, two].map(({ client }) => client.lookup(target, 'v1.0.0'));
    const outcomes = await Promise.allSettled(lookups);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const lost = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(lost).toMatchObject([{ kind: 'security', message: expect.stringContaining('fork') }]);
    expect(cache.latest.size).toBe(1);
  });

  it('before the first lookup cannot be seen, but a way back can', async () => {
    const setup = setUp(log);
    setup.answer = serve(size);
    await setup.client.lookup(target, 'v1.0.0');
    setup.answer = path => log.read(path);
    expect(await faultOf(setup.client.lookup(target, 'v1.0.0'))).toMatchObject({ kind: 'security' });
  });
});

describe('a trusted tree that was tampered with in the cache', () => {
  it.each([
    ['unsigned', log.note(300).replace(/— .*\n/, '')],
    ['signed by another key', log.note(300, { signer: createSigner('sumdb.test', 'another key') })],
    ['changed', log.note(300).replace('300', '400')],
    ['cut short', log.note(300).slice(0, 50)],
    ['empty', ''],
  ])('%s', async (_, note) => {
    const setup = setUp(log);
    await setup.cache.writeLatest(300, Buffer.from(note));
    expect(await faultOf(setup.client.lookup(target, 'v1.0.0'))).toMatchObject({
      kind: 'security',
      message: expect.stringContaining('that was kept is damaged'),
    });
    expect(setup.cache.latest).toEqual(new Map([[300, Buffer.from(note)]]));
  });
});
