import { Readable } from 'node:stream';
import { Fault } from '../../services/errors.ts';
import type { ObjectInfo, Storage } from '../../services/storage/index.ts';

/** The storage port in memory, for what only reads and writes small objects. */
export function createMemoryStorage(): Storage {
  const objects = new Map<string, Buffer>();
  const info = (key: string, bytes: Buffer): ObjectInfo => ({ key, size: bytes.length, etag: 'e', time: new Date(0) });
  return {
    async put(key, body, { ifAbsent = false } = {}) {
      if (!(body instanceof Uint8Array)) throw new Fault('internal', 'streams are not needed here');
      const bytes = Buffer.from(body);
      const kept = objects.get(key);
      if (ifAbsent && kept !== undefined) {
        if (!kept.equals(bytes)) throw new Fault('conflict', `other bytes are already kept under ${key}`);
        return { ...info(key, kept), created: false };
      }
      objects.set(key, bytes);
      return { ...info(key, bytes), created: true };
    },
    async get(key) {
      const bytes = objects.get(key);
      return bytes && { ...info(key, bytes), body: Readable.from([bytes]) };
    },
    async stat(key) {
      const bytes = objects.get(key);
      return bytes && info(key, bytes);
    },
    async *list(prefix, { after = '' } = {}) {
      for (const [key, bytes] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (key.startsWith(prefix) && key > after) yield info(key, bytes);
      }
    },
    async delete(key) {
      objects.delete(key);
    },
  };
}
