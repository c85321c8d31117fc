import { describe, expect, it } from 'vitest';
import { openNote, parseVerifierKey } from '../../services/sumdb/note.ts';
import { createSigner } from './log.ts';

// From golang.org/x/mod/sumdb/note.
const peter = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const peterLine =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const enochLine =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const note = `${text}\n${peterLine}`;

const open = (note: string | Buffer, verifier = peter) => openNote(Buffer.from(note), verifier);

describe('openNote', () => {
  it.each([
    ['a note', note],
    ['a note that others have signed too', `${text}\n${enochLine}${peterLine}`],
    ['a note signed twice', note + peterLine],
    [
      'a second, wrong line of the same signer, as Go does',
      `${note}${peterLine.slice(0, 60)}ABCD${peterLine.slice(60)}`,
    ],
    ['100 signatures', `${text}\n${enochLine.repeat(99)}${peterLine}`],
  ])('gives the text of %s', (_, note) => {
    expect(open(note)).toBe(text);
  });

  it('gives the text of a note of sum.golang.org', () => {
    const key = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    const tree = 'go.sum database tree\n69959272\nL6xGIG9BJ5WLe0paJgb2RVNCdNi6wVyMUVOfn9Oo/8s=\n';
    const line =
      '— sum.golang.org Az3grvPr9qFNGfBH993UqYhBVEqwL36wMKDSKjE/3PtBZWUkfXu1W9Ou9SCCy+ElsdGVH6ak2rZo9lsDhZhlD8TK6AE=\n';
    expect(open(`${tree}\n${line}`, parseVerifierKey(key))).toBe(tree);
    expect(() => open(`${tree.replace('69959272', '69959273')}\n${line}`, parseVerifierKey(key))).toThrow('is wrong');
  });

  it('keeps blank lines of the text: the last one ends it', () => {
    const signer = createSigner('a.example');
    const text = 'one\n\ntwo\n';
    expect(open(`${text}\n${signer.sign(text)}`, parseVerifierKey(signer.verifierKey))).toBe(text);
  });

  const otherKey = createSigner('PeterNeumann');
  it.each([
    ['another signer only', `${text}\n${enochLine}`, 'not signed by PeterNeumann+c74f20a3'],
    ['the name with another key', `${text}\n${otherKey.sign(text)}`, 'not signed by'],
    ['a changed text', note.replace('If you', 'If I'), 'is wrong'],
    ['a changed signature', note.replace('SffcvIAQ', 'SffcvIAR'), 'is wrong'],
    ['a signature of another length', note.replace('x08go/', 'x08go/AAAA'), 'is wrong'],
    ['no signature at all', text, 'no signatures'],
    ['nothing', '', 'no signatures'],
    ['no line after the blank one', `${text}\n`, 'cut short'],
    ['a note cut within the signature', note.slice(0, -20), 'cut short'],
    ['a note without its last line feed', note.slice(0, -1), 'cut short'],
    ['101 signatures', `${text}\n${peterLine.repeat(101)}`, 'more than 100'],
    ['a line that is no signature', `${note}hello\n`, 'signature line'],
    ['a signature without a name', `${text}\n${peterLine}—  ABCDABCD\n`, 'signature line'],
    ['a name with +', `${text}\n${peterLine}— a+b ABCDABCD\n`, 'signature line'],
    ['base64 with blanks', note.replace('x08go/', 'x08 go/'), 'signature line'],
    ['base64 without padding', note.replace('nAM=', 'nAM'), 'signature line'],
    ['a signature of 4 bytes', `${text}\n${peterLine}— a ABCDAA==\n`, 'signature line'],
    ['a control character', note.replace('think', 'thi\u0001nk'), 'plain text'],
    ['a carriage return', note.replaceAll('\n', '\r\n'), 'plain text'],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.of(0xff), Buffer.from(note)]), 'plain text'],
  ])('refuses %s', (_, note, reason) => {
    expect(() => open(note)).toThrow(
      expect.objectContaining({ kind: 'security', message: expect.stringContaining(reason) }),
    );
  });
});

describe('parseVerifierKey', () => {
  // The rows of note_test.go with an adjusted hash, and our own.
  it.each([
    ['a key of another length', 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='],
    ['another algorithm', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['a name with a blank', 'Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['no name', '+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['no key', 'PeterNeumann+c74f20a3'],
    ['nothing', ''],
  ])('refuses %s', (_, key) => {
    expect(() => parseVerifierKey(key)).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});
