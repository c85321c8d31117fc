import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { asFault, Fault } from '../../errors.ts';
import type { Messaging } from '../../messaging/index.ts';
import type { CatalogueWriter, Finding, Vulnerability } from '../index.ts';
import { parseEntry, parseJson } from './osv.ts';
import { type Copy, createSource } from './source.ts';

/** index/vulns.json: go.dev/doc/security/vuln/database#api */
const Index = Type.Array(
  Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), modified: Type.String() }),
  {
    maxItems: 100_000,
  },
);

export interface VulndbDeps {
  /** An address or a folder with the layout of vuln.go.dev, or a folder of OSV files, `GO-*.json`. */
  database: string;
  /** Milliseconds between two looks. */
  interval: number;
  catalogue: Pick<CatalogueWriter, 'setVulnerabilities' | 'markTold'>;
  messaging: Pick<Messaging, 'publish'>;
  log: Logger;
  changed: () => void;
  now?: () => Date;
}

export interface Vulndb {
  start(): void;
  close(): Promise<void>;
  /** Looks once: says what is new, undefined when the database has not changed. Throws why it can't be read. */
  refresh(): Promise<Finding[] | undefined>;
  /** Throws why the last look failed. */
  ready(): Promise<void>;
}

/** Entries read at once. */
const atOnce = 8;
/** After a failure it is tried again soon. Milliseconds. */
const retry = 60_000;

/**
 * Follows a Go vulnerability database: its index is asked for on a schedule, and only entries that have changed are read.
 * The whole of it takes the place of what was known, or nothing does. What newly affects versions published here is told
 * by `vulnerability.found`, at least once: when telling fails it is told at the next look, or after the next start.
 */
export function createVulndb(deps: VulndbDeps): Vulndb {
  const { catalogue, messaging, log, changed, now = () => new Date() } = deps;
  const source = createSource(deps.database);
  const stop = new AbortController();
  let index: Copy | undefined;
  let known = new Map<string, { modified: string; entry: Vulnerability }>();
  let untold: Finding[] = [];
  let failure: Fault | undefined;
  let running: Promise<void> | undefined;

  async function refresh(): Promise<Finding[] | undefined> {
    const copy = await source.read('index/vulns.json', index);
    let found: Finding[] | undefined;
    if (copy !== undefined) {
      const next = await readEntries(copy);
      found = await catalogue.setVulnerabilities([...next.values()].map(({ entry }) => entry));
      [known, index] = [next, copy];
      untold = found;
      changed();
    }
    await tell();
    return found;
  }

  async function readEntries(copy: Copy): Promise<typeof known> {
    const list = parseJson('index/vulns.json', copy.bytes);
    if (!Value.Check(Index, list)) throw new Fault('bad-origin', 'index/vulns.json is no list of ids and times');
    const limit = pLimit(atOnce);
    const read = async ({ id, modified }: { id: string; modified: string }) => {
      const before = known.get(id);
      if (before?.modified === modified) return [id, before] as const;
      const file = await source.read(`ID/${id}.json`);
      return [id, { modified, entry: parseEntry(`ID/${id}.json`, file?.bytes ?? Buffer.alloc(0)) }] as const;
    };
    return new Map(await Promise.all(list.map(each => limit(read, each))));
  }

  async function tell(): Promise<void> {
    for (let finding = untold[0]; finding !== undefined; finding = untold[0]) {
      const { id, module, versions, fixed, summary } = finding;
      const foundAt = now().toISOString();
      const told = { v: 1, id, module, versions: versions.slice(0, 100), summary, foundAt } as const;
      await messaging.publish('vulnerability.found', fixed === undefined ? told : { ...told, fixed });
      await catalogue.markTold([finding]);
      untold = untold.slice(1);
    }
  }

  async function look(): Promise<void> {
    try {
      const found = await refresh();
      failure = undefined;
      if (found !== undefined) log.info({ vulnerabilities: known.size, found: found.length }, 'vulnerabilities read');
    } catch (error) {
      failure = asFault(error);
      log.warn(
        { err: failure, database: deps.database },
        'the vulnerability database can’t be read; it is tried again',
      );
    }
  }

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      await look();
      const wait = failure === undefined ? deps.interval : Math.min(retry, deps.interval);
      await delay(wait, undefined, { signal: stop.signal, ref: false }).catch(() => {}); // closing
    }
  }

  return {
    start() {
      running ??= follow();
    },
    async close() {
      stop.abort();
      await running;
    },
    refresh,
    async ready() {
      if (failure !== undefined) throw failure;
    },
  };
}
