import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, faultOf, startServer, type TestServer, textOf, until, type World } from './world.ts';

const name = 'sum.example.com';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const keyBytes = Buffer.concat([Buffer.from([1]), publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)]);
const keyHash = createHash('sha256').update(`${name}\n`).update(keyBytes).digest().subarray(0, 4);
const verifierKey = `${name}+${keyHash.toString('hex')}+${keyBytes.toString('base64')}`;

const root = Buffer.alloc(32).toString('base64');
const hash = `h1:${root}`;

function signed(text: string): string {
  const signature = Buffer.concat([keyHash, sign(null, Buffer.from(text), privateKey)]).toString('base64');
  return `${text}\n— ${name} ${signature}\n`;
}

const tree = signed(`go.sum database tree\n10\n${root}\n`);
const record = (module: string) => `${module} v1.0.0 ${hash}\n${module} v1.0.0/go.mod ${hash}\n`;
const lookup = `7\n${record('example.com/M')}\n${tree}`;
const lookupPath = 'lookup/example.com/!m@v1.0.0';

let upstream: TestServer;
let database: TestServer;
let world: World;

beforeEach(async () => {
  upstream = await startServer();
  database = await startServer();
  world = await createWorld({
    UPSTREAM: upstream.url,
    SUMDB: `${verifierKey} ${database.url}`,
    PRIVATE_MODULES: 'private.example.com',
  });
  database.answers.set('/latest', tree);
  database.answers.set(`/${lookupPath}`, lookup);
});

afterEach(async () => {
  await world.close();
  await upstream.close();
  await database.close();
});

const read = (path: string) => world.processor.origin.sumdb(name, path);
const kept = (path: string) => textOf(world.records, `sumdb-cache/${name}/${path}`);

describe('the checksum database', () => {
  test('is asked itself where no upstream passes it through, which is remembered', async () => {
    expect((await read(lookupPath)).toString()).toBe(lookup);
    expect((await read('latest')).toString()).toBe(tree);
    expect(upstream.requests).toEqual([`/sumdb/${name}/supported`]);
  });

  test('is asked through an upstream that passes it through', async () => {
    upstream.answers.set(`/sumdb/${name}/supported`, '');
    upstream.answers.set(`/sumdb/${name}/${lookupPath}`, lookup);
    await read(lookupPath);
    expect(database.requests).toEqual([]);
  });

  test('has the last word when an upstream fails', async () => {
    upstream.answers.set(`/sumdb/${name}/supported`, '');
    upstream.answers.set(`/sumdb/${name}/${lookupPath}`, 500);
    expect((await read(lookupPath)).toString()).toBe(lookup);
  });

  test('gives what it does not have as not-found', async () => {
    expect((await faultOf(read('lookup/example.com/none@v1.0.0'))).kind).toBe('not-found');
  });

  test('is no other than the one that is configured', async () => {
    expect((await faultOf(world.processor.origin.sumdb('other.example.com', 'latest'))).kind).toBe('not-found');
  });
});

describe('what never changes', () => {
  test('is kept in the records, and given from there by a processor that starts anew', async () => {
    await read(lookupPath);
    expect(await until(() => kept(lookupPath))).toBe(lookup);
    database.answers.clear();
    const again = await createWorld(
      { UPSTREAM: 'off', SUMDB: `${verifierKey} ${database.url}` },
      { records: world.records },
    );
    try {
      expect((await again.processor.origin.sumdb(name, lookupPath)).toString()).toBe(lookup);
      expect((await faultOf(again.processor.origin.sumdb(name, 'latest'))).kind).toBe('refused');
    } finally {
      await again.close();
    }
  });

  test.each([
    ['tile/8/0/005', 256 * 32],
    ['tile/8/1/x001/067', 256 * 32],
    ['tile/8/0/005.p/7', 7 * 32],
  ])('%s is kept when it has %i bytes', async (path, size) => {
    database.answers.set(`/${path}`, Buffer.alloc(size, 'x'));
    expect(await read(path)).toHaveLength(size);
    expect(await until(() => kept(path))).toHaveLength(size);
  });

  test('a partial tile is answered from the full one where only that is kept', async () => {
    const full = Buffer.alloc(256 * 32, 'abcdefgh');
    await world.records.put(`sumdb-cache/${name}/tile/8/0/005`, full);
    expect(await read('tile/8/0/005.p/7')).toEqual(full.subarray(0, 7 * 32));
    expect(database.requests).toEqual([]);
  });

  test.each([
    ['a tile that is cut short', 'tile/8/0/005', Buffer.alloc(100)],
    ['a partial tile of another width', 'tile/8/0/005.p/7', Buffer.alloc(8 * 32)],
    ['a lookup of another module', lookupPath, `7\n${record('example.com/other')}\n${tree}`],
    ['a lookup with another signature', lookupPath, lookup.replace('tree\n10', 'tree\n11')],
    ['a lookup that is cut short', lookupPath, lookup.slice(0, -40)],
    ['something else than a lookup', lookupPath, '<html>'],
    ['a data tile, which no client asks for', 'tile/8/data/005', 'x'],
  ])('%s is passed on for the client to judge, and not kept', async (_name, path, body) => {
    database.answers.set(`/${path}`, body);
    expect((await read(path)).toString()).toBe(body.toString());
    database.answers.set(`/${path}`, 'asked again');
    expect((await read(path)).toString()).toBe('asked again');
    await world.processor.close();
    expect(await kept(path)).toBeUndefined();
  });
});

describe('a path', () => {
  test.each([
    '',
    'supported',
    'latest/',
    'tile/8/0',
    'tile/8/64/000',
    'tile/7/0/000',
    'tile/8/0/1',
    'tile/8/0/000.p/0',
    'tile/8/0/000.p/256',
    'tile/8/0/../../latest',
    'lookup/example.com/m',
    'lookup/example.com/M@v1.0.0',
    'lookup/nodot@v1.0.0',
    'lookup/example.com/m@v1.0.0/x',
    'lookup/example.com/../m@v1.0.0',
    '../latest',
  ])('%j is refused as invalid, and nobody is asked', async path => {
    expect((await faultOf(read(path))).kind).toBe('invalid');
    expect(database.requests).toEqual([]);
  });

  test('of a private module is refused, and nobody is told of it', async () => {
    expect((await faultOf(read('lookup/private.example.com/x@v1.0.0'))).kind).toBe('refused');
    expect([...database.requests, ...upstream.requests]).toEqual([]);
  });
});
