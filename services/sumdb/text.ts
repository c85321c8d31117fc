import { isUtf8 } from 'node:buffer';

/** UTF-8 without control characters other than line feeds: what notes and records must be. */
export function isPlainText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && bytes.every(byte => byte >= 0x20 || byte === 0x0a);
}

/** Bytes of padded standard base64, or undefined: Buffer.from alone skips whatever it does not know. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
