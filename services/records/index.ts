import { randomBytes } from 'node:crypto';
import { asFault, Fault, type FaultKind } from '../errors.ts';
import { escapePath, escapeVersion } from '../gomod/escape.ts';
import { readObject, type Storage } from '../storage/index.ts';

/**
 * What is written down of a version beside its bytes, as small JSON objects in the records store:
 *
 *     modules/<escaped module>/@v/<escaped version>/outcome.json      why it is not published, while that holds
 *     modules/…/provenance.json                                        how it was published
 *     modules/…/hash                                                   h1 first seen; create-only
 *     modules/…/release.json                                           an operator overruled the rules
 *     modules/…/log/<time>-<random>.json                               one a run of the processor or validator
 *     index/<day>/<time>=<module>@<version>                            the feed of what is published, in order (feed.ts)
 *     alarms/<time>-<random>.json                                      security events
 */

/** The GOPROXY path of a version without its extension: key in the published and quarantine stores. */
export function versionKey(module: string, version: string): string {
  const key = `${escapePath(module)}/@v/${escapeVersion(version)}`;
  if (key.length > maxKey) throw new Fault('invalid', `a module path with its version is at most ${maxKey} bytes long`);
  if (key.split('/').some(element => element.length > maxElement)) {
    throw new Fault('invalid', `a version, and an element of a module path, is at most ${maxElement} bytes long`);
  }
  return key;
}

/** Leaves room for the names of records in the 1024 bytes that a store gives its keys. */
const maxKey = 900;
/** Leaves room for the extension in the 255 bytes that a store gives an element. */
const maxElement = 250;

export interface Outcome {
  /** `refused` is a rejection by the validator: a tombstone. */
  kind: FaultKind;
  /** One sentence. */
  message: string;
  /** The rules that refused, for a rejection. */
  reasons?: { rule: string; message: string }[];
  /** RFC 3339. */
  at: string;
  /** RFC 3339; the outcome holds until then, for ever without. */
  until?: string;
  /** It is not tried again by itself: whoever wants it asks again. */
  givenUp?: true;
}

export interface Provenance {
  /** The origin that gave the bytes. */
  origin: string;
  requestedAt: string;
  publishedAt: string;
  /** Key of the version's entry in the feed (feed.ts). */
  feed: string;
  /** h1 hashes of the zip and of go.mod. */
  hash: string;
  goModHash: string;
  /** Names of the rules passed, and of those an operator overruled. */
  rules: string[];
  overruled: string[];
  /** Where the checksum database holds it; absent for private modules and without a database. */
  checksumDatabase?: { name: string; position: number; treeSize: number };
}

export interface Release {
  at: string;
  by: string;
  reason: string;
  /** What it overruled. */
  outcome: Outcome | null;
}

export interface LogEntry {
  time: string;
  /** What happened, in a sentence. */
  message: string;
  [detail: string]: unknown;
}

export interface LogRun {
  service: string;
  startedAt: string;
  result: string;
  entries: LogEntry[];
}

const recordLimit = 1 << 20;

const recordKey = (module: string, version: string, name: string) => `modules/${versionKey(module, version)}/${name}`;

export async function readJson<T>(records: Storage, key: string): Promise<T | undefined> {
  const bytes = await readObject(records, key, recordLimit);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString()) as T;
  } catch (cause) {
    throw new Fault('internal', `the record ${key} is damaged: it is not JSON`, { cause });
  }
}

const writeJson = (records: Storage, key: string, value: unknown, ifAbsent = false) =>
  records.put(key, Buffer.from(`${JSON.stringify(value, null, 2)}\n`), { ifAbsent });

/** The outcome that holds at `now`, or undefined. */
export async function readOutcome(records: Storage, module: string, version: string, now = new Date()) {
  const outcome = await readJson<Outcome>(records, recordKey(module, version, 'outcome.json'));
  return outcome?.until !== undefined && Date.parse(outcome.until) <= now.getTime() ? undefined : outcome;
}

export const outcomeKey = (module: string, version: string) => recordKey(module, version, 'outcome.json');

export const writeOutcome = (records: Storage, module: string, version: string, outcome: Outcome) =>
  writeJson(records, recordKey(module, version, 'outcome.json'), outcome);

export const clearOutcome = (records: Storage, module: string, version: string) =>
  records.delete(recordKey(module, version, 'outcome.json'));

/** An outcome as the fault that a client is answered with. */
export function outcomeFault(outcome: Outcome, now = new Date()): Fault {
  const rule = outcome.reasons?.[0]?.rule;
  const left = outcome.until === undefined ? undefined : (Date.parse(outcome.until) - now.getTime()) / 1000;
  return new Fault(outcome.kind, outcome.message, {
    ...(rule !== undefined && { rule }),
    ...(left !== undefined && left > 0 && { retryAfter: Math.ceil(left) }),
  });
}

export const readProvenance = (records: Storage, module: string, version: string) =>
  readJson<Provenance>(records, recordKey(module, version, 'provenance.json'));

export const writeProvenance = (records: Storage, module: string, version: string, provenance: Provenance) =>
  writeJson(records, recordKey(module, version, 'provenance.json'), provenance);

export const readRelease = (records: Storage, module: string, version: string) =>
  readJson<Release>(records, recordKey(module, version, 'release.json'));

export const writeRelease = (records: Storage, module: string, version: string, release: Release) =>
  writeJson(records, recordKey(module, version, 'release.json'), release);

/**
 * Keeps the hash that this version was first seen with and says which that is: the given one, or an earlier one.
 * Never changes once written.
 */
export async function firstSeenHash(records: Storage, module: string, version: string, hash: string): Promise<string> {
  const key = recordKey(module, version, 'hash');
  try {
    await records.put(key, Buffer.from(hash), { ifAbsent: true });
    return hash;
  } catch (error) {
    if (asFault(error).kind !== 'conflict') throw error;
    const seen = await readObject(records, key, recordLimit);
    if (seen === undefined) throw error;
    return seen.toString();
  }
}

/** Collects what one run of a service does for a version and writes it as one object when the run ends. */
export class RunLog {
  readonly #entries: LogEntry[] = [];
  readonly #startedAt = new Date().toISOString();
  readonly #service: string;

  constructor(service: string) {
    this.#service = service;
  }

  add(message: string, details: Record<string, unknown> = {}): void {
    if (this.#entries.length < 1000) this.#entries.push({ time: new Date().toISOString(), message, ...details });
  }

  async write(records: Storage, module: string, version: string, result: string): Promise<void> {
    const run: LogRun = { service: this.#service, startedAt: this.#startedAt, result, entries: this.#entries };
    await writeJson(records, recordKey(module, version, `log/${uniqueTime(this.#startedAt)}.json`), run);
  }
}

/** The processing log of a version, oldest run first; the newest `limit` runs. */
export async function readLog(records: Storage, module: string, version: string, limit = 1000): Promise<LogRun[]> {
  const keys: string[] = [];
  for await (const { key } of records.list(recordKey(module, version, 'log/'))) {
    keys.push(key);
    if (keys.length > limit) keys.shift();
  }
  const runs: LogRun[] = [];
  for (const key of keys) {
    const run = await readJson<LogRun>(records, key);
    if (run !== undefined) runs.push(run);
  }
  return runs;
}

export interface Alarm {
  at: string;
  module: string;
  version: string;
  reason: 'changed-bytes' | 'checksum-mismatch' | 'checksum-database';
  message: string;
}

export const writeAlarm = (records: Storage, alarm: Alarm) =>
  writeJson(records, `alarms/${uniqueTime(alarm.at)}.json`, alarm);

export async function readAlarms(records: Storage, limit = 1000): Promise<Alarm[]> {
  const alarms: Alarm[] = [];
  for await (const { key } of records.list('alarms/')) {
    const alarm = await readJson<Alarm>(records, key);
    if (alarm !== undefined) alarms.push(alarm);
    if (alarms.length >= limit) break;
  }
  return alarms;
}

/** Sorts by time; two of the same millisecond stay apart. */
const uniqueTime = (time: string) => `${time}-${randomBytes(4).toString('hex')}`;
