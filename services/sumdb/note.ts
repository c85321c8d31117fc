import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Fault } from '../errors.ts';
import { decodeBase64, isPlainText } from './text.ts';

/** Signed notes, as in golang.org/x/mod/sumdb/note: a text, a blank line, and lines of Ed25519 signatures. */

export interface Verifier {
  /** Name of the signer. */
  name: string;
  /** First four bytes of SHA-256(name, line feed, algorithm, public key). */
  keyHash: number;
  key: KeyObject;
}

const ed25519 = 0x01;
const maxSignatures = 100;
const signaturePrefix = '— ';

const isName = (name: string) => name !== '' && !/[\p{White_Space}+]/u.test(name);

/** Parses `<name>+<hash>+<key>`: the hash in 8 hexadecimal digits, the key in base64 with its algorithm before it. */
export function parseVerifierKey(text: string): Verifier {
  const [name = '', hash = '', ...rest] = text.split('+');
  const key = decodeBase64(rest.join('+'));
  if (!isName(name) || !/^[0-9a-fA-F]{8}$/.test(hash) || key === undefined) {
    throw new Fault('invalid', 'the verifier key is malformed: it must be <name>+<8 hexadecimal digits>+<base64 key>');
  }
  const keyHash = createHash('sha256').update(`${name}\n`).update(key).digest().readUInt32BE();
  if (keyHash !== Number.parseInt(hash, 16)) {
    throw new Fault('invalid', `the verifier key of ${name} is damaged: its hash is not ${hash}`);
  }
  if (key[0] !== ed25519 || key.length !== 33) {
    throw new Fault('invalid', `the verifier key of ${name} is not an Ed25519 key`);
  }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.subarray(1).toString('base64url') };
  return { name, keyHash, key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/**
 * The text of a note that `verifier` has signed. Other signers' lines must be well-formed and count for nothing; a line
 * with the verifier's name and key hash must be right. Throws `security`.
 */
export function openNote(note: Buffer, verifier: Verifier): string {
  const malformed = (what: string) => new Fault('security', `malformed note: ${what}`);
  if (!isPlainText(note)) throw malformed('it is not plain text');
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0) throw malformed('it has no signatures');
  const text = note.subarray(0, blank + 1);
  const lines = note.toString('utf8', blank + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw malformed('it is cut short');
  if (lines.length > maxSignatures) throw malformed(`it has more than ${maxSignatures} signatures`);

  let verified = false;
  for (const line of lines) {
    const [, name = '', signature = ''] = line.startsWith(signaturePrefix) ? (/^— ([^ ]*) (.*)$/.exec(line) ?? []) : [];
    const bytes = decodeBase64(signature);
    if (!isName(name) || bytes === undefined || bytes.length < 5) throw malformed('a signature line is malformed');
    if (verified || name !== verifier.name || bytes.readUInt32BE() !== verifier.keyHash) continue;
    if (!verify(null, text, verifier.key, bytes.subarray(4))) {
      throw new Fault('security', `the signature of ${name} on the note is wrong`);
    }
    verified = true;
  }
  if (!verified) {
    const hash = verifier.keyHash.toString(16).padStart(8, '0');
    throw new Fault('security', `the note is not signed by ${verifier.name}+${hash}`);
  }
  return text.toString();
}
