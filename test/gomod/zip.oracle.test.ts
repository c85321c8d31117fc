import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { readModuleZip } from '../../services/gomod/zip.ts';
import { fromBase64, hasGo, type Oracle, startOracle } from '../oracle/oracle.ts';
import { runs } from './agree.ts';
import { type GeneratedZip, generatedZip } from './zip-arbitrary.ts';
import { attacks, module, version } from './zip-attacks.ts';

/**
 * The only reasons for which we may refuse what CheckZip and HashZip of golang.org/x/mod accept. Each has its attack in
 * zip-attacks.ts.
 */
const stricter = [
  /data comes before the first entry/,
  /data follows it that belongs to no entry/,
  /data follows its end/,
  /data descriptor is missing or something follows it/,
  /data descriptor differs/,
  /reaches into what follows it/,
  /end of central directory does not fit the file/,
  /more than one end of central directory/,
  /Expected: \d+\. Found: \d+\. Are there extra bytes at the end of the file/,
  /multi-disk/,
  /local header differs/,
  /it is encrypted|strong encryption|it has encryption/,
  /its flags [01]+ are not for plain files/,
  /it has Zip64 sizes/,
  /another name in an extra field/,
  /malformed extra fields|extra field length exceeds/,
  /it is a symbolic link|not a regular file|a folder without a slash/,
  /listed twice/, // folders; Go refuses files
  /more than \d+ (entries|folders)/,
  /directory is larger/,
  /\/": /, // content of a folder, which Go does not look at
  /its checksum is wrong/, // when said to be 0, which Go takes for unknown
];

describe.skipIf(!hasGo())('module zips are what Go says (needs go)', () => {
  let oracle: Oracle;
  let folder: string;
  beforeAll(async () => {
    oracle = await startOracle();
    folder = await mkdtemp(join(tmpdir(), 'zips-'));
  });
  afterAll(async () => {
    await oracle.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function judge({ bytes, path, v }: GeneratedZip) {
    const file = join(folder, 'module.zip');
    writeFileSync(file, bytes); // ten thousand times, and quicker than by promise
    const [answer] = await oracle.ask([{ f: 'readModuleZip', a: [path, v, file] }]);
    const ours = await readModuleZip(file, path, v).catch((error: unknown) => {
      if (error instanceof Fault && error.kind === 'invalid') return error.message;
      throw error;
    });
    return { go: answer?.e === undefined ? { hash: fromBase64(answer?.v) } : { refused: answer.e }, ours };
  }

  test('what we accept, Go accepts with the same hash; what we refuse, Go refuses, or for a reason listed here', {
    timeout: 300_000,
  }, async () => {
    const kinds = { accepted: 0, refused: 0, stricter: 0 };
    const property = fc.asyncProperty(generatedZip, async zip => {
      const { go, ours } = await judge(zip);
      if (typeof ours !== 'string') {
        expect(go).toEqual({ hash: ours.hash });
        kinds.accepted++;
      } else if ('refused' in go) {
        kinds.refused++;
      } else {
        expect(
          stricter.filter(reason => reason.test(ours)),
          ours,
        ).not.toEqual([]);
        kinds.stricter++;
      }
    });
    await fc.assert(property, { numRuns: runs });
    expect(Math.min(...Object.values(kinds)), JSON.stringify(kinds)).toBeGreaterThan(runs / 50);
  });

  test.for(attacks)('Go accepts and refuses the attacks as noted: $name', async ({ zip, goAccepts }) => {
    const { go } = await judge({ bytes: zip, path: module, v: version });
    expect('hash' in go, JSON.stringify(go)).toBe(goAccepts);
  });
});
