import { createHash } from 'node:crypto';
import type { Catalogue } from '../../catalogue/index.ts';
import { Fault } from '../../errors.ts';
import { checkModulePath, checkModuleVersion } from '../../gomod/path.ts';
import { canonicalVersion } from '../../gomod/version.ts';
import type { Messaging } from '../../messaging/index.ts';
import type { Origin } from '../../origin/index.ts';
import { outcomeFault, readJson, readLog, readOutcome, versionKey } from '../../records/index.ts';
import type { Storage } from '../../storage/index.ts';
import { isRejection } from '../../validator/reject.ts';
import type { Inclusion } from '../schemas/inclusion.ts';
import { createGivenUp } from './given-up.ts';
import { type Handlers, orNull, type View } from './handlers.ts';

/**
 * Versions asked for on the page, kept in the records store:
 *
 *     inclusions/by-id/<id>.json                  what was asked for last; its id is of the module and version
 *     inclusions/by-time/<time left>-<id>         empty; the last asked for comes first
 *
 * How far one has got is read from the stores whenever it is asked for, so it holds whatever is killed or repeated.
 */
interface Asked {
  id: string;
  module: string;
  version: string;
  requestedAt: string;
}

const idLength = 24;
/** Before the year 2286 times have 13 digits. */
const endOfTime = 9_999_999_999_999;
/** Entries that are read for a list, of which some may be repeated or hidden. */
const maxRead = 300;
/** How long a version that is published may lack its page before its inclusion counts as done nevertheless, in ms. */
const longestIndexing = 60_000;
/** Outcomes that pass by themselves: the processor tries again. */
const passing = new Set(['timed-out', 'unavailable', 'rate-limited', 'bad-origin', 'internal']);

export interface InclusionDeps {
  published: Storage;
  records: Storage;
  messaging: Messaging;
  origin: Origin;
  catalogue: Pick<Catalogue, 'version'>;
  now: () => Date;
}

export function createInclusionAnswers(deps: InclusionDeps): Pick<Handlers, 'include' | 'inclusion' | 'inclusions'> {
  const { published, records, messaging, origin, catalogue, now } = deps;
  const givenUp = createGivenUp(messaging, now);

  const read = (id: string) => readJson<Asked>(records, `inclusions/by-id/${id}.json`);

  async function progress(asked: Asked): Promise<Inclusion> {
    const { id, module, version, requestedAt } = asked;
    const about = { id, module, version, requestedAt, reasons: [], until: null };
    const info = await published.stat(`${versionKey(module, version)}.info`);
    if (info !== undefined) {
      const at = info.time.toISOString();
      const isShown = (await catalogue.version(module, version))?.status === 'published';
      // A catalogue that stays behind is told of on the status page; here nobody waits for it any longer.
      const done = isShown || now().getTime() - info.time.getTime() > longestIndexing;
      return { ...about, state: 'published', at, message: 'It is checked, published and kept for ever.', done };
    }
    const written = await readOutcome(records, module, version, new Date(0)); // one that holds no more, too
    const isGivenUp = written?.givenUp === true && written.at >= requestedAt;
    const outcome = isGivenUp ? written : await readOutcome(records, module, version, now());
    if (outcome !== undefined) {
      const until = orNull(outcome.until);
      const base = { ...about, at: outcome.at, until };
      if (isRejection(outcome)) {
        const reasons = outcome.reasons.map(({ rule, message }) => ({ rule, message }));
        return { ...base, state: 'rejected', message: 'It was checked and refused.', reasons, done: true };
      }
      const { message } = outcomeFault(outcome, now());
      return { ...base, state: 'failed', message, done: isGivenUp || !passing.has(outcome.kind) };
    }
    const letter = await givenUp(asked);
    if (letter !== undefined) {
      const tries = letter.attempts === 1 ? '1 attempt' : `${letter.attempts} attempts`;
      const message = `It was given up after ${tries}: ${letter.error}. Ask for it again, or have an operator replay it.`;
      return { ...about, state: 'failed', at: now().toISOString(), message, done: true };
    }
    const [run] = await readLog(records, module, version, 1);
    if (
      run !== undefined &&
      run.startedAt >= requestedAt &&
      run.service === 'processor' &&
      /^fetched/.test(run.result)
    ) {
      const at = run.entries.at(-1)?.time ?? run.startedAt;
      return { ...about, state: 'fetched', at, message: `It is ${run.result} and being checked.`, done: false };
    }
    return { ...about, state: 'requested', at: requestedAt, message: 'It waits to be fetched.', done: false };
  }

  async function resolve(module: string, version: string | undefined, view: View): Promise<string> {
    checkModulePath(module);
    if (!view.reader.maySee(module)) {
      throw new Fault('refused', `${module} is private: a token that may see it is needed to ask for it`);
    }
    if (version === undefined || version === 'latest') return (await origin.latest(module)).Version;
    if (canonicalVersion(version) === version) return version;
    return (await origin.query(module, version)).Version;
  }

  return {
    async include({ module, version: wanted }, view) {
      const version = await resolve(module, wanted, view);
      checkModuleVersion(module, version);
      const id = createHash('sha256').update(`${module}@${version}`).digest('hex').slice(0, idLength);
      const requestedAt = now().toISOString();
      const asked: Asked = { id, module, version, requestedAt };
      const earlier = await read(id);
      const before = earlier && (await progress(earlier));
      // Asked for again while it is on its way, or when nothing more can come of it.
      if (before !== undefined && (!before.done || before.state !== 'failed')) {
        if (before.state === 'requested') await request(asked);
        return before;
      }
      await records.put(`inclusions/by-id/${id}.json`, Buffer.from(JSON.stringify(asked)));
      await records.put(`inclusions/by-time/${endOfTime - now().getTime()}-${id}`, Buffer.alloc(0));
      const state = await progress(asked);
      if (state.state !== 'published' && (!state.done || state.state === 'failed')) await request(asked);
      return state;
    },

    async inclusion({ id }, { reader }) {
      const asked = await read(id);
      if (asked === undefined || !reader.maySee(asked.module)) {
        throw new Fault('not-found', `no inclusion has the id ${id}`);
      }
      return progress(asked);
    },

    async inclusions({ limit = 20 }, { reader }) {
      const ids = new Set<string>();
      const items: Inclusion[] = [];
      let seen = 0;
      for await (const { key } of records.list('inclusions/by-time/')) {
        seen += 1;
        const id = key.slice(-idLength);
        if (ids.has(id)) continue;
        ids.add(id);
        const asked = await read(id);
        if (asked !== undefined && reader.maySee(asked.module)) items.push(await progress(asked));
        if (items.length >= limit || seen >= maxRead) break;
      }
      return { items };
    },
  };

  async function request({ module, version, requestedAt }: Asked): Promise<void> {
    await messaging.publish('module.requested', { v: 1, module, version, by: 'page', requestedAt });
  }
}
