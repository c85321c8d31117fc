import { describe, expect, it } from 'vitest';
import { parseHashes } from '../../services/sumdb/record.ts';
import { goModHash, h1, recordOf, zipHash } from './log.ts';

const [module, version] = ['example.com/a', 'v1.2.3'];
const parse = (text: string) => parseHashes(Buffer.from(text), module, version);
const record = recordOf(module, version);
const hashes = { zipHash: zipHash(module, version), goModHash: goModHash(module, version) };

describe('parseHashes', () => {
  it('reads both hashes, in either order', () => {
    expect(parse(record)).toEqual(hashes);
    expect(parse(`${record.split('\n').reverse().slice(1).join('\n')}\n`)).toEqual(hashes);
  });

  it('passes over other algorithms, as Go does', () => {
    expect(parse(`${record}${module} ${version} h2:xyzzy\n`)).toEqual(hashes);
  });

  it.each([
    ['another module', recordOf('example.com/b', version), 'not about this version'],
    ['a module that begins alike', recordOf('example.com/ab', version), 'not about this version'],
    ['another version', recordOf(module, 'v1.2.4'), 'not about this version'],
    ['a version that begins alike', recordOf(module, 'v1.2.30'), 'not about this version'],
    ['a further line about another module', record + recordOf('example.com/b', version), 'not about this version'],
    ['a line before', `hello\n${record}`, 'not about this version'],
    ['a hash with something after it', record.replace('=\n', '= x\n'), 'not about this version'],
    ['two blanks', record.replace(' h1', '  h1'), 'not about this version'],
    ['no hash', `${module} ${version}\n`, 'not about this version'],
    ['the zip only', `${record.split('\n')[0]}\n`, 'no h1 hash of go.mod'],
    ['go.mod only', `${record.split('\n')[1]}\n`, 'no h1 hash of the zip'],
    ['h2 only', `${module} ${version} h2:xyzzy\n`, 'no h1 hash of the zip'],
    ['two zip hashes', `${record}${module} ${version} ${h1('other')}\n`, 'more than one h1 hash of the zip'],
    ['the zip hash twice', `${record}${module} ${version} ${hashes.zipHash}\n`, 'more than one'],
    ['a short hash', record.replace(hashes.zipHash, 'h1:AAAA'), 'malformed h1 hash of the zip'],
    ['a hash that is not base64', record.replace(hashes.goModHash, 'h1:uppercase!='), 'malformed h1 hash of go.mod'],
  ])('refuses a record with %s', (_, text, reason) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ kind: 'security', message: expect.stringContaining(reason) }),
    );
  });
});
