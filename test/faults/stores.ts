import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Outcome, versionKey } from '../../services/records/index.ts';
import { type FixtureModule, goModOf, infoOf, moduleZip } from '../upstream/index.ts';

/** What is on the disk below DATA_DIR, read as files and not by the code under test. */

export type StoreName = 'published' | 'quarantine' | 'records';
export type Version = Pick<FixtureModule, 'path' | 'version'>;

export const nameOf = ({ path, version }: Version) => `${path}@${version}`;

/**
 * Every file below the store's folder, unfinished ones in `.tmp` too, sorted. Claims are left out: one of the dead is
 * nobody's after its term, and swept later.
 */
export async function filesOf(dataDir: string, store: StoreName): Promise<string[]> {
  const root = join(dataDir, store);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile());
  return files
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter(file => !file.startsWith('claims/'))
    .sort();
}

/** Which files of a version a store has: of `info`, `mod`, `origin`, `zip`. */
export async function kindsOf(dataDir: string, store: StoreName, { path, version }: Version): Promise<string[]> {
  const file = join(dataDir, store, versionKey(path, version));
  const names = await readdir(dirname(file)).catch(() => []);
  const prefix = `${basename(file)}.`;
  return names.flatMap(name => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])).sort();
}

/** Unfinished files: none, once nothing is being written. */
export async function unfinished(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ['published/.tmp', 'quarantine/.tmp', 'records/.tmp', 'tmp']) {
    const names = await readdir(join(dataDir, folder)).catch(() => []);
    found.push(...names.map(name => `${folder}/${name}`));
  }
  return found;
}

/** The outcome on the disk, whether or not it still holds. */
export async function outcomeOf(dataDir: string, { path, version }: Version): Promise<Outcome | undefined> {
  const file = join(dataDir, 'records/modules', versionKey(path, version), 'outcome.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Versions in the feed, in its order, repeats included. */
export function listedIn(indexText: string): string[] {
  const lines = indexText.split('\n').filter(line => line !== '');
  return lines.map(line => JSON.parse(line)).map(({ Path, Version }) => `${Path}@${Version}`);
}

const made = new WeakMap<FixtureModule, Promise<Record<string, Buffer>>>();

/** The bytes that each file of a version must have. */
export function expectedBytes(module: FixtureModule): Promise<Record<string, Buffer>> {
  const make = async () => ({
    zip: await moduleZip(module),
    mod: Buffer.from(goModOf(module)),
    info: Buffer.from(`${JSON.stringify(infoOf(module))}\n`),
  });
  const bytes = made.get(module) ?? make();
  made.set(module, bytes);
  return bytes;
}

/** Which of a version's published files differ from the fixture or are missing. */
export async function damagedFiles(dataDir: string, store: StoreName, module: FixtureModule): Promise<string[]> {
  const damaged: string[] = [];
  for (const [kind, bytes] of Object.entries(await expectedBytes(module))) {
    const file = join(dataDir, store, `${versionKey(module.path, module.version)}.${kind}`);
    const found = await readFile(file).catch(() => undefined);
    if (found === undefined || !found.equals(bytes)) damaged.push(`${nameOf(module)}.${kind}`);
  }
  return damaged;
}

export interface Queued {
  version: string;
  subscription: string;
  dead: boolean;
  attempts: number;
}

/** What is in the queue for the processor and the validator. The service may be running. */
export function readQueue(dataDir: string): Queued[] {
  const db = new DatabaseSync(join(dataDir, 'messages.sqlite'), { readOnly: true, timeout: 2000 });
  try {
    const rows = db.prepare(`SELECT body, subscription, dead, attempts FROM deliveries JOIN messages ON id = message
      WHERE subscription IN ('processor', 'validator')`);
    return rows.all().map(({ body, subscription, dead, attempts }) => {
      const { module, version } = JSON.parse(String(body));
      const name = `${module}@${version}`;
      return { version: name, subscription: String(subscription), dead: dead === 1, attempts: Number(attempts) };
    });
  } finally {
    db.close();
  }
}

/** What was in the queue when the service died. A copy is read: opening the file itself would already repair it. */
export async function readDeadQueue(dataDir: string): Promise<Queued[]> {
  const copy = await mkdtemp(join(tmpdir(), 'gocenter-queue-'));
  try {
    for (const name of await readdir(dataDir)) {
      if (name.startsWith('messages.sqlite')) await cp(join(dataDir, name), join(copy, name));
    }
    return readQueue(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}
