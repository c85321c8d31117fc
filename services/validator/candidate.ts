import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../errors.ts';
import { type ModuleZip, readModuleZip, zipLimits } from '../gomod/zip.ts';
import type { VersionInfo } from '../origin/index.ts';
import { versionKey } from '../records/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import { reasonOf } from './scratch.ts';

/** Bytes of the files of a version. */
export const limits = { zip: zipLimits.zip, mod: zipLimits.goMod, info: 1 << 20 } as const;

/** A version in quarantine. Its parts are loaded when a rule first asks for them, within the limits, and once. */
export interface Candidate {
  module: string;
  version: string;
  /** Bytes of the files as they lie in quarantine. */
  sizes: Readonly<Record<keyof typeof limits, number>>;
  infoBytes(): Promise<Buffer>;
  /** Throws `invalid` when it is not a JSON object with a version, and a time or none. */
  info(): Promise<VersionInfo & { time: Date | undefined }>;
  mod(): Promise<Buffer>;
  /** Path of a local copy. */
  zipFile(): Promise<string>;
  /** Throws `invalid` with the reason when it is not a module zip. */
  zip(): Promise<ModuleZip>;
}

/** Undefined unless zip, mod and info are all there. `folder` makes the folder for the copy of the zip. */
export async function openCandidate(
  quarantine: Storage,
  module: string,
  version: string,
  folder: () => Promise<string>,
): Promise<Candidate | undefined> {
  const key = versionKey(module, version);
  const [zip, mod, info] = await Promise.all(['zip', 'mod', 'info'].map(kind => quarantine.stat(`${key}.${kind}`)));
  if (zip === undefined || mod === undefined || info === undefined) return undefined;

  const read = async (kind: 'mod' | 'info') => {
    const bytes = await readObject(quarantine, `${key}.${kind}`, limits[kind]);
    if (bytes === undefined) throw vanished(`${key}.${kind}`);
    return bytes;
  };
  const infoBytes = once(() => read('info'));
  const goMod = once(() => read('mod'));
  const zipFile = once(async () => {
    // Whoever looks into the zip compares it with the go.mod next; it need not wait until then.
    goMod().catch(() => {});
    return copyObject(quarantine, `${key}.zip`, join(await folder(), 'module.zip'));
  });
  return {
    module,
    version,
    sizes: { zip: zip.size, mod: mod.size, info: info.size },
    infoBytes,
    info: once(async () => parseInfo(await infoBytes())),
    mod: goMod,
    zipFile,
    zip: once(async () => readModuleZip(await zipFile(), module, version)),
  };
}

/** Copies an object to a new local file and says its path. */
export async function copyObject(storage: Storage, key: string, file: string): Promise<string> {
  const object = await storage.get(key);
  if (object === undefined) throw vanished(key);
  try {
    await pipeline(object.body, createWriteStream(file, { flags: 'wx' }));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('unavailable', `${key} can't be copied to be checked: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return file;
}

function parseInfo(bytes: Buffer): VersionInfo & { time: Date | undefined } {
  let info: Partial<VersionInfo> | null;
  try {
    info = JSON.parse(bytes.toString());
  } catch {
    throw new Fault('invalid', 'its .info is not JSON');
  }
  if (typeof info?.Version !== 'string') throw new Fault('invalid', 'its .info has no Version');
  const { Version, Time } = info;
  if (Time === undefined) return { ...info, Version, time: undefined };
  const time = new Date(typeof Time === 'string' && rfc3339.test(Time) ? Time : Number.NaN);
  if (Number.isNaN(time.getTime())) throw new Fault('invalid', 'its .info has a Time that is not of RFC 3339');
  return { ...info, Version, time };
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Somebody else has finished with this version since it was looked at; the message is then worth another look. */
const vanished = (key: string) => new Fault('unavailable', `${key} has gone from quarantine while it was checked`);

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}
