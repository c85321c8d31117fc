import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const folder = new URL('assets/', import.meta.url);

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
};

export interface Asset {
  type: string;
  /** By content encoding. */
  bodies: { br: Buffer; gzip: Buffer; identity: Buffer };
}

export interface Assets {
  /** The address of a file, which changes when any of the files does: it may be kept for ever. */
  link(name: string): string;
  /** Part of the address. */
  readonly hash: string;
  get(name: string): Asset | undefined;
}

/**
 * Stylesheet, scripts and pictures, read and compressed once. One hash for all: scripts import one another by relative
 * addresses as they stand in the folder.
 */
export async function loadAssets(): Promise<Assets> {
  const names = (await readdir(folder)).sort();
  const contents = await Promise.all(names.map(name => readFile(new URL(name, folder))));
  const digest = createHash('sha256');
  for (const [index, name] of names.entries()) digest.update(`${name}\0`).update(contents[index] ?? '');
  const hash = digest.digest('base64url').slice(0, 12);
  const files = new Map<string, Asset>();
  for (const [index, name] of names.entries()) {
    const identity = contents[index] ?? Buffer.alloc(0);
    const type = types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    const [br, gz] = await Promise.all([promisify(brotliCompress)(identity), promisify(gzip)(identity)]);
    files.set(name, { type, bodies: { br, gzip: gz, identity } });
  }
  return { hash, link: name => `/assets/${hash}/${name}`, get: name => files.get(name) };
}
