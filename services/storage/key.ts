import { Fault } from '../errors.ts';

const longestKey = 1024;
/** The longest file name of every common file system. */
const longestElement = 255;

const isElement = (element: string) =>
  element !== '' &&
  element !== '.' &&
  element !== '..' &&
  !element.startsWith('.tmp') &&
  Buffer.byteLength(element) <= longestElement;

/** Whether this is a key as the storage port defines it. */
export function isKey(key: string): boolean {
  return (
    key.length <= longestKey &&
    Buffer.byteLength(key) <= longestKey &&
    key.isWellFormed() &&
    !/[\x00-\x1f\x7f]/.test(key) &&
    key.split('/').every(isElement)
  );
}

/** Throws `invalid` unless it is a key. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new Fault('invalid', `${JSON.stringify(key.slice(0, 200))} is no key of the store`);
}

/**
 * Order of the UTF-8 bytes of two well-formed strings. JavaScript's own order, of UTF-16 units, differs where a
 * surrogate meets U+E000–U+FFFF: there the surrogates must come last.
 */
export function compareKeys(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
