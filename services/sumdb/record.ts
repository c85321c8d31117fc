import { Fault } from '../errors.ts';
import { decodeBase64 } from './text.ts';
import { hashSize } from './tlog.ts';

/**
 * Reads the two hashes from a record: the lines `<module> <version> h1:…` and `<module> <version>/go.mod h1:…`, as in
 * go.sum. Each must be there once. Other hash algorithms are passed over as Go does, but a line about anything else
 * than this version throws `security`.
 */
export function parseHashes(text: Buffer, module: string, version: string): { zipHash: string; goModHash: string } {
  const zipHashes: string[] = [];
  const goModHashes: string[] = [];
  for (const line of text.toString().slice(0, -1).split('\n')) {
    const [path, subject, hash, ...more] = line.split(' ');
    const isZip = subject === version;
    if (path !== module || !(isZip || subject === `${version}/go.mod`) || hash === undefined || more.length > 0) {
      throw new Fault('security', `the record has a line that is not about this version: ${JSON.stringify(line)}`);
    }
    if (hash.startsWith('h1:')) (isZip ? zipHashes : goModHashes).push(hash);
  }
  return { zipHash: only(zipHashes, 'the zip'), goModHash: only(goModHashes, 'go.mod') };
}

function only(hashes: readonly string[], what: string): string {
  const [hash, ...more] = hashes;
  if (hash === undefined) throw new Fault('security', `the record has no h1 hash of ${what}`);
  if (more.length > 0) throw new Fault('security', `the record has more than one h1 hash of ${what}`);
  if (decodeBase64(hash.slice('h1:'.length))?.length !== hashSize) {
    throw new Fault('security', `the record has a malformed h1 hash of ${what}`);
  }
  return hash;
}
