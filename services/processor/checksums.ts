import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { asFault, Fault } from '../errors.ts';
import { unescapePath, unescapeVersion } from '../gomod/escape.ts';
import { readObject, type Storage } from '../storage/index.ts';
import type { Sumdb } from '../sumdb/key.ts';
import { openNote, parseVerifierKey } from '../sumdb/note.ts';
import { parseHashes } from '../sumdb/record.ts';
import { hashSize } from '../sumdb/tlog.ts';
import { createAnswers } from './answers.ts';
import type { Web } from './net/web.ts';
import type { Ask, OriginClient } from './upstream.ts';

export interface Checksums {
  /** As Origin.sumdb; an aborted `signal` ends this caller's wait, `ask` is for the question itself. */
  read(name: string, path: string, ask: Ask, signal?: AbortSignal): Promise<Buffer>;
  /** Waits for answers that are still being kept. */
  close(): Promise<void>;
}

export interface ChecksumsDeps {
  /** The database of the configuration; undefined when there is none. */
  database: Sumdb | undefined;
  /** Clients of UPSTREAM: those that pass the database through are asked first. */
  origins: readonly OriginClient[];
  records: Storage;
  web: Web;
  log: Logger;
  isPrivate(module: string): boolean;
  /** Longest silence in ms. */
  silence: number;
}

const limit = 1 << 20;
/** The tree's head: asked for again after a minute, given for an hour when the database is silent. */
const latestFresh = 60_000;
const latestStale = 3_600_000;
const negative = 60_000;
/** How long it is remembered whether an upstream passes the database through. */
const supportHolds = 300_000;
const maxWrites = 256;
const forEver = Number.POSITIVE_INFINITY;

/**
 * The pass-through to the checksum database (golang/proposal 25530). Tiles and lookups never change, so they are kept in
 * memory and in `records` for ever, once their shape is right, or for a lookup its record and signature. Whoever uses an
 * answer verifies it; keeping only what can be right makes sure that a damaged one does not stay.
 */
export function createChecksums(deps: ChecksumsDeps): Checksums {
  const { database, origins, records, web, log, isPrivate } = deps;
  const verifier = database && parseVerifierKey(database.verifierKey);
  const constants = { fresh: forEver, negative, stale: forEver, maxBytes: 32 << 20, maxPending: 1000 };
  const immutable = createAnswers<Buffer>(constants);
  const heads = createAnswers<Buffer>({ ...constants, fresh: latestFresh, stale: latestStale, maxBytes: 1 << 20 });
  const support = new LRUCache<OriginClient, boolean>({ max: 100, ttl: supportHolds });
  const writes = new Set<Promise<void>>();

  async function fetch(db: Sumdb, path: string, ask: Ask): Promise<Buffer> {
    for (const origin of origins) {
      if (origin.spec.kind === 'off') break;
      if (!(await passes(origin, db.name, ask))) continue;
      try {
        return await (origin.sumdb?.(`${db.name}/${path}`, ask) as Promise<Buffer>);
      } catch (error) {
        // The database itself has the last word.
        log.debug({ origin: origin.spec.name, path }, `checksum database: ${asFault(error).message}`);
      }
    }
    if (origins[0]?.spec.kind === 'off') {
      throw new Fault('refused', 'the checksum database may not be asked: UPSTREAM is off', { retryAfter: 5 });
    }
    const longest = Math.max(2 * deps.silence, 60_000);
    return web.read(new URL(`${db.url}/${path}`), { ...ask, what: db.name, limit, longest });
  }

  async function passes(origin: OriginClient, name: string, ask: Ask): Promise<boolean> {
    if (origin.sumdb === undefined) return false;
    let known = support.get(origin);
    if (known === undefined) {
      known = await origin.sumdb(`${name}/supported`, ask).then(
        () => true,
        () => false,
      );
      support.set(origin, known);
    }
    return known;
  }

  async function constant(db: Sumdb, path: string, ask: Ask): Promise<Buffer> {
    const key = `sumdb-cache/${db.name}/${path}`;
    const kept = (await readObject(records, key, limit)) ?? (await beginningOfFullTile(key));
    if (kept !== undefined) return kept;
    const bytes = await fetch(db, path, ask);
    if (isSound(path, bytes)) {
      if (writes.size >= maxWrites) await Promise.race(writes);
      keep(key, bytes);
    }
    return bytes;
  }

  /** A partial tile is the beginning of the full one: clients whose own tree is older ask for parts no longer kept. */
  async function beginningOfFullTile(key: string): Promise<Buffer | undefined> {
    const [, full, width] = /^(.*)\.p\/(\d+)$/.exec(key) ?? [];
    if (full === undefined) return undefined;
    return (await readObject(records, full, limit))?.subarray(0, Number(width) * hashSize);
  }

  /** Not waited for: it is kept for others, and whoever asked has the answer already. */
  function keep(key: string, bytes: Buffer): void {
    const write = records.put(key, bytes).then(
      () => {},
      error => log.warn({ key }, `an answer of the checksum database can't be kept: ${asFault(error).message}`),
    );
    writes.add(write);
    void write.then(() => writes.delete(write));
  }

  function isSound(path: string, bytes: Buffer): boolean {
    const tile = tilePattern.exec(path);
    if (tile !== null) return tile[1] !== 'data' && bytes.length === Number(tile[2] ?? 256) * hashSize;
    if (verifier === undefined) return false;
    try {
      const { module, version } = parseLookup(path);
      // <record number> LF <record> LF LF <signed tree note>
      const text = bytes.indexOf('\n') + 1;
      const note = bytes.indexOf('\n\n') + 2;
      if (text === 0 || note < text) return false;
      parseHashes(bytes.subarray(text, note - 1), module, version);
      openNote(bytes.subarray(note), verifier);
      return true;
    } catch {
      return false;
    }
  }

  return {
    async read(name, path, ask, signal) {
      if (database === undefined || name !== database.name) {
        throw new Fault('not-found', `the checksum database ${name} is not configured here`);
      }
      if (path === 'latest') {
        return heads.ask(
          path,
          () => fetch(database, path, ask),
          answer => answer.length,
          { ...(signal && { signal }) },
        );
      }
      if (!tilePattern.test(path)) {
        const { module } = parseLookup(path);
        if (isPrivate(module)) {
          throw new Fault('refused', `${module} is private and never looked up in the checksum database`);
        }
      }
      return immutable.ask(
        path,
        () => constant(database, path, ask),
        answer => (isSound(path, answer) ? answer.length : undefined),
        { ...(signal && { signal }) },
      );
    },
    async close() {
      await Promise.all(writes);
    },
  };
}

/** `tile/8/<level>/<index>[.p/<width>]` with the index in groups of three digits (tlog.ParseTilePath). */
const tilePattern =
  /^tile\/8\/(0|[1-9]|[1-5]\d|6[0-3]|data)\/(?:x\d{3}\/){0,6}\d{3}(?:\.p\/([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]))?$/;

/** `lookup/<escaped module>@<escaped version>` */
function parseLookup(path: string): { module: string; version: string } {
  const [, module, version] = /^lookup\/([^@]+)@([^@/]+)$/.exec(path) ?? [];
  if (module === undefined || version === undefined || path.length > 900) {
    throw new Fault('invalid', 'a checksum database is asked for latest, lookup/<module>@<version> or tile/8/…');
  }
  return { module: unescapePath(module), version: unescapeVersion(version) };
}
