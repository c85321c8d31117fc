import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import yazl from 'yazl';
import { hash1 } from '../../services/gomod/dirhash.ts';
import { readModuleZip, type ZipLimits } from '../../services/gomod/zip.ts';
import { attacks, goMod, module, part, version } from './zip-attacks.ts';
import { buildZip, extra, type Part } from './zip-builder.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zips-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(bytes: Buffer): Promise<string> {
  const file = join(folder, `${count++}.zip`);
  await writeFile(file, bytes);
  return file;
}

async function read(bytes: Buffer, limits?: Partial<ZipLimits>) {
  return readModuleZip(await save(bytes), module, version, limits);
}

const aGo = part('a.go', 'package m\n');

describe('a module zip is read', () => {
  test('as Go writes it, with the hash that Go computes', async () => {
    expect(await read(buildZip([goMod, aGo, part('sub/é 你.txt', 'x')]))).toEqual({
      hash: 'h1:w+PfilOrvRNH9nfVB2L2gIcCuvZEcXkx7cAGPOQTqwo=',
      files: 3,
      bytes: 32,
      goMod: Buffer.from('module example.com/m\n'),
    });
  });

  test('with the folders that it lists, which count in the hash', async () => {
    const { hash, files } = await read(buildZip([goMod, aGo, part('sub/', '')]));
    expect({ hash, files }).toEqual({ hash: 'h1:g38ZS7jlt4Mmofh2IOUw1Rw5JLDZHl6MJAnc9BOnzKs=', files: 2 });
  });

  test('without a go.mod, and without anything', async () => {
    expect(await read(buildZip([aGo]))).toMatchObject({ files: 1, goMod: undefined });
    expect(await read(buildZip([]))).toMatchObject({ files: 0, bytes: 0, hash: hash1([]) });
  });

  const forms: [name: string, form: Partial<Part>][] = [
    ['stored', { method: 0 }],
    ['sizes in the local header', { descriptor: 'none' }],
    ['stored, sizes in the local header', { method: 0, descriptor: 'none' }],
    ['a descriptor without signature', { descriptor: 'bare' }],
    ['a descriptor with 64-bit sizes', { descriptor: 'signed64' }],
    ['a bare descriptor with 64-bit sizes', { descriptor: 'bare64' }],
    ['times in extra fields', { extra: extra(0x5455, Buffer.alloc(5)) }],
    ['a Unix mode', { system: 3, attributes: 0o100755 * 0x10000 }],
    ['a name marked as UTF-8', { flags: 8 | 0x800 }],
    ['a comment', { central: { comment: Buffer.from('why not') } }],
  ];
  test.for(forms)('in other forms, with the same hash: %s', async ([, form]) => {
    const expected = await read(buildZip([goMod, aGo]));
    expect(
      await read(
        buildZip([
          { ...goMod, ...form },
          { ...aGo, ...form },
        ]),
      ),
    ).toEqual(expected);
  });

  test('with a Zip64 end record or a comment that nobody needs', async () => {
    const expected = await read(buildZip([goMod, aGo]));
    expect(await read(buildZip([goMod, aGo], { zip64: true }))).toEqual(expected);
    expect(await read(buildZip([goMod, aGo], { comment: Buffer.from('a comment') }))).toEqual(expected);
  });

  test('whatever the order of the directory, and as another library writes it', async () => {
    const zip = new yazl.ZipFile();
    zip.addBuffer(Buffer.from('package m\n'), `${module}@${version}/a.go`);
    zip.addBuffer(Buffer.from(`module ${module}\n`), `${module}@${version}/go.mod`, { compress: false });
    zip.end();
    expect(await read(await buffer(zip.outputStream))).toEqual(await read(buildZip([goMod, aGo])));
  });

  test('with large files, deflated and stored, in a stream', async () => {
    const [random, dull] = [randomBytes(1_500_000), Buffer.alloc(20_000_000, 'dull ')];
    const zip = buildZip([goMod, part('dull', dull), part('random', random), part('raw', random, { method: 0 })]);
    const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest();
    const named = { 'go.mod': `module ${module}\n`, dull, random, raw: random };
    const files = Object.entries(named).map(([name, bytes]) => ({
      name: `${module}@${version}/${name}`,
      sha256: sha256(bytes),
    }));
    expect(await read(zip)).toMatchObject({ hash: hash1(files), files: 4, bytes: 23_000_021 });
  });

  test('with more entries than 16 bits count', { timeout: 60_000 }, async () => {
    const empty = (i: number) => part(`${i % 100}/${i}`, '', { method: 0, descriptor: 'none' });
    const zip = buildZip(
      Array.from({ length: 66_000 }, (_, i) => empty(i)),
      { zip64: true },
    );
    expect(await read(zip)).toMatchObject({ files: 66_000 });
  });

  test('while others have their turns', async () => {
    const content = Buffer.alloc(100_000);
    const file = await save(buildZip(Array.from({ length: 1000 }, (_, i) => part(String(i), content))));
    let [reading, longest] = [true, 0];
    let last = process.cpuUsage();
    const turn = () => {
      longest = Math.max(longest, process.cpuUsage(last).user);
      last = process.cpuUsage();
      if (reading) setImmediate(turn);
    };
    turn();
    expect(await readModuleZip(file, module, version)).toMatchObject({ bytes: 100_000_000 });
    reading = false;
    expect(longest).toBeLessThan(100_000); // µs; the zip is read in one piece, and all of it takes about 300 ms
  });
});

describe('attacks are refused with their reason', () => {
  test.for(attacks)('$name', async ({ zip, reason }) => {
    await expect(read(zip)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(reason) });
  });

  test.for([100, 150_000])('100 MB in 100 KB that say they are %d bytes, without being inflated', async size => {
    const bomb = buildZip([part('bomb', Buffer.alloc(100_000_000), { central: { size } })]);
    expect(bomb.length).toBeLessThan(120_000);
    const begin = process.cpuUsage();
    await expect(read(bomb)).rejects.toThrow(`larger than the ${size} bytes declared`);
    expect(process.cpuUsage(begin).user).toBeLessThan(50_000);
  });

  test('every zip cut short', async () => {
    const whole = buildZip([goMod, aGo]);
    for (let length = 0; length < whole.length; length++) {
      await expect(read(whole.subarray(0, length)), String(length)).rejects.toMatchObject({ kind: 'invalid' });
    }
  });
});

describe('limits hold', () => {
  const zip = buildZip([goMod, part('LICENSE', 'free'), part('a/b/c', 'content'), part('a/d/', '')]);
  const directorySize = zip.length - zip.indexOf('PK\x01\x02', 'latin1');
  const limits: [limits: Partial<ZipLimits>, reason: RegExp][] = [
    [{ zip: zip.length }, /the zip is larger/],
    [{ unzipped: 32 }, /the files are larger/],
    [{ goMod: 21 }, /"example.com\/m@v1.0.0\/go.mod": it is larger than 20 bytes/],
    [{ license: 4 }, /"example.com\/m@v1.0.0\/LICENSE": it is larger than 3 bytes/],
    [{ entries: 4 }, /more than 3 entries/],
    [{ directory: directorySize }, /directory is larger than/],
  ];
  test.for(limits)('%j is enough and one less is not', async ([enough, reason]) => {
    expect(await read(zip, enough)).toMatchObject({ files: 3, bytes: 32 });
    const less = Object.fromEntries(Object.entries(enough).map(([name, value]) => [name, value - 1]));
    await expect(read(zip, less)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(reason) });
  });

  test('for folders, of which a name may imply thousands', async () => {
    const deep = buildZip([part(`${'a/'.repeat(30_000)}b`, 'x')]);
    await expect(read(deep, { entries: 1000 })).rejects.toThrow('more than 1000 folders');
  });

  test('for the zip, 500 MiB, before anything of it is read', async () => {
    const file = await save(Buffer.alloc(0));
    await truncate(file, (500 << 20) + 1);
    await expect(readModuleZip(file, module, version)).rejects.toThrow('the zip is larger than 524288000 bytes');
  });
});

test('a module and version that do not go together are refused', async () => {
  const file = await save(buildZip([]));
  for (const [path, v] of [
    [module, 'v1.0'],
    [module, 'v1.0.0+meta'],
    [module, 'v2.0.0'],
    [`${module}/v2`, 'v1.0.0'],
    ['nodot', 'v1.0.0'],
  ] as const) {
    await expect(readModuleZip(file, path, v)).rejects.toMatchObject({ kind: 'invalid' });
  }
  await expect(readModuleZip(file, module, 'v2.0.0+incompatible')).resolves.toMatchObject({ files: 0 });
});

test('a file that cannot be read is not called invalid', async () => {
  await expect(readModuleZip(join(folder, 'missing'), module, version)).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(readModuleZip(folder, module, version)).rejects.toMatchObject({ kind: 'unavailable' });
});
