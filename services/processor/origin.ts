import { Fault } from '../errors.ts';
import { escapeVersion } from '../gomod/escape.ts';
import { checkModulePath } from '../gomod/path.ts';
import type { AskOptions, IndexReader, Origin, VersionInfo } from '../origin/index.ts';
import { createAnswers } from './answers.ts';
import type { Checksums } from './checksums.ts';
import type { Routes } from './routes.ts';

export interface OriginDeps {
  routes: Routes;
  checksums: Checksums;
  feeds: IndexReader;
  /** How long answers are fresh, in ms. */
  listTtl: number;
  /** Aborted when the processor closes. */
  closing: AbortSignal;
}

const negative = 60_000;
const stale = 86_400_000;
const maxPending = 1000;
/** Someone waits for the answer, so less patience than for a version. */
const tries = 2;

/** The origin port over the configured origins. Answers are cached, identical questions asked once. */
export function createOrigin({ routes, checksums, feeds, listTtl, closing }: OriginDeps): Origin & IndexReader {
  const times = { fresh: listTtl, negative, stale, maxPending };
  const lists = createAnswers<string[]>({ ...times, maxBytes: 64 << 20 });
  const infos = createAnswers<VersionInfo>({ ...times, maxBytes: 16 << 20 });
  // The question outlives who asked it: others may wait for the same answer.
  const shared = ({ hops }: AskOptions) => ({ signal: closing, ...(hops !== undefined && { hops }) });

  return {
    async list(module, options = {}) {
      checkModulePath(module);
      const ask = shared(options);
      const question = () => routes.ask(module, ask, tries, origin => origin.list(module, ask));
      return lists.ask(module, question, sizeOfList, options);
    },

    async latest(module, options = {}) {
      checkModulePath(module);
      const ask = shared(options);
      const question = () => routes.ask(module, ask, tries, origin => origin.latest(module, ask));
      return infos.ask(`${module}@`, question, sizeOfInfo, options);
    },

    async query(module, query, options = {}) {
      checkModulePath(module);
      if (query.length > 256) throw new Fault('invalid', 'the query is longer than 256 characters');
      escapeVersion(query);
      const ask = shared(options);
      const question = () => routes.ask(module, ask, tries, origin => origin.query(module, query, ask));
      return infos.ask(`${module}@${query}`, question, sizeOfInfo, options);
    },

    async sumdb(name, path, options = {}) {
      return checksums.read(name, path, shared(options), options.signal);
    },

    index: (feed, query, options) => feeds.index(feed, query, options),
  };
}

/** Bytes in memory, about: a string each. */
const sizeOfList = (versions: readonly string[]) => versions.reduce((sum, version) => sum + version.length + 32, 0);
const sizeOfInfo = (info: VersionInfo) => JSON.stringify(info).length + 256;
