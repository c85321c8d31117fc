import { Fault } from '../errors.ts';
import { parseVerifierKey } from './note.ts';

export interface Sumdb {
  name: string;
  /** `<name>+<hash>+<key>`. */
  verifierKey: string;
  /** Where it answers, without a slash at the end. */
  url: string;
}

const knownKeys: ReadonlyMap<string, string> = new Map([
  ['sum.golang.org', 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'],
]);

/** Other addresses of known databases, as cmd/go/internal/modfetch knows them. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['sum.golang.google.cn', 'sum.golang.org https://sum.golang.google.cn'],
]);

/** The name becomes part of addresses and storage keys: nothing that would be changed or escaped there. */
const isHostAndPath = /^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;

/**
 * Parses the value of GOSUMDB (go.dev/ref/mod#environment-variables): a known name or a verifier key, then perhaps an
 * address, or `off`, which is undefined. Throws `invalid`.
 */
export function parseSumdb(text: string): Sumdb | undefined {
  const given = text.trim();
  if (given === 'off') return undefined;
  const [key = '', url, ...more] = (aliases.get(given) ?? given).split(/\s+/);
  if (more.length > 0) throw new Fault('invalid', 'the checksum database has more than a key and an address');
  if (key === '') throw new Fault('invalid', 'the checksum database is missing: name one, or say off');

  const verifierKey = knownKeys.get(key) ?? key;
  if (!verifierKey.includes('+')) {
    throw new Fault('invalid', `the checksum database ${key} is not known: give its key as <name>+<hash>+<key>`);
  }
  const { name } = parseVerifierKey(verifierKey);
  if (!isHostAndPath.test(name)) {
    throw new Fault('invalid', `the name of the checksum database must be host[/path]: ${name}`);
  }
  return { name, verifierKey, url: url === undefined ? `https://${name}` : parseAddress(url) };
}

function parseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if ((url?.protocol !== 'https:' && url?.protocol !== 'http:') || url.search !== '' || url.hash !== '') {
    throw new Fault('invalid', `the address of the checksum database must begin with https:// or http://: ${text}`);
  }
  return text.replace(/\/+$/, '');
}
