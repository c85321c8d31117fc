import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config.ts';
import { checkModuleVersion } from '../gomod/path.ts';
import { canonicalVersion } from '../gomod/version.ts';
import type { Messaging } from '../messaging/index.ts';
import { clearOutcome, readOutcome, versionKey } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import { isRejection } from '../validator/reject.ts';
import { matchesAny } from '../validator/rules/patterns.ts';
import type { DiscoveryStats, Source } from './stats.ts';

export interface Target {
  module: string;
  version: string;
}

/** What came of asking: `asked`, or why that was not needed. */
export type Asked = 'asked' | 'asked-before' | 'published' | 'rejected' | 'missing' | 'unwanted' | 'invalid';

/** Asks for versions that discovery has found, unless there is no need to. */
export interface Asker {
  /**
   * Waits for its turn: DISCOVERY_RATE, and until few enough versions are waited for by people. `depth` is how many
   * requirements it is away from what was asked for. Throws the signal's reason when it is aborted.
   */
  ask(target: Target, options: { source: Source; depth?: number; signal: AbortSignal }): Promise<Asked>;

  /** Its origin has announced it this moment: asked for at once, and an absence told earlier counts no more. */
  announce(target: Target): Promise<Asked>;
}

export interface AskerDeps {
  config: Pick<Config, 'ALLOW' | 'DENY' | 'DISCOVERY_RATE' | 'DISCOVERY_BACKLOG'>;
  published: Storage;
  records: Storage;
  messaging: Pick<Messaging, 'publish' | 'backlog'>;
  stats: DiscoveryStats;
  now: () => Date;
  /** Waits, or throws when the signal is aborted. */
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** What was asked for is not asked for again so soon, in ms; webhooks are repeated by those who send them. */
const recently = 600_000;
const announcedRecently = 10_000;
const maxRecent = 50_000;
/** How often the queue is looked at, in ms. */
const lookInterval = 1000;

export function createAsker(deps: AskerDeps): Asker {
  const { config, published, records, messaging, stats, now } = deps;
  const { sleep = (milliseconds, signal) => delay(milliseconds, undefined, { signal }) } = deps;
  const asked = new LRUCache<string, true>({ max: maxRecent, ttl: recently });
  const announced = new LRUCache<string, true>({ max: maxRecent, ttl: announcedRecently });
  /** When the next may be asked for, and when the queue was last short enough; ms of performance.now(). */
  let next = 0;
  let lastLook = -lookInterval;

  async function turn(signal: AbortSignal): Promise<void> {
    const time = performance.now();
    const mine = Math.max(time, next);
    next = mine + 1000 / config.DISCOVERY_RATE;
    if (mine > time) await sleep(mine - time, signal);
    while (performance.now() - lastLook >= lookInterval) {
      signal.throwIfAborted();
      const { depth } = await messaging.backlog('processor');
      if (depth <= config.DISCOVERY_BACKLOG) lastLook = performance.now();
      else await sleep(lookInterval, signal);
    }
  }

  function refusal({ module, version }: Target): Asked | undefined {
    try {
      checkModuleVersion(module, version);
      if (canonicalVersion(version) !== version) return 'invalid';
      versionKey(module, version);
    } catch {
      return 'invalid';
    }
    const { ALLOW, DENY } = config;
    const allowed = ALLOW.length === 0 || matchesAny(ALLOW, module, version);
    return allowed && !matchesAny(DENY, module, version) ? undefined : 'unwanted';
  }

  async function standing({ module, version }: Target): Promise<'published' | 'rejected' | 'missing' | undefined> {
    if ((await published.stat(`${versionKey(module, version)}.info`)) !== undefined) return 'published';
    const outcome = await readOutcome(records, module, version, now());
    if (outcome === undefined) return undefined;
    return isRejection(outcome) ? 'rejected' : 'missing';
  }

  const request = (target: Target, more: { depth?: number; announced?: boolean }) =>
    messaging.publish('module.requested', {
      v: 1,
      ...target,
      by: 'discovery',
      requestedAt: now().toISOString(),
      ...more,
    });

  return {
    async ask({ module, version }, { source, depth, signal }) {
      const target = { module, version };
      const name = `${module}@${version}`;
      const result =
        refusal(target) ?? (asked.has(name) ? 'asked-before' : undefined) ?? (await standing(target)) ?? 'asked';
      if (result === 'asked') {
        await turn(signal);
        await request(target, depth === undefined ? {} : { depth });
        asked.set(name, true);
      }
      stats.found(source, result);
      return result;
    },

    async announce({ module, version }) {
      const target = { module, version };
      const name = `${module}@${version}`;
      const result = refusal(target) ?? (announced.has(name) ? 'asked-before' : await anew(target));
      stats.found('hook', result);
      if (result === 'asked') announced.set(name, true);
      return result;
    },
  };

  async function anew(target: Target): Promise<Asked> {
    const state = await standing(target);
    if (state === 'published' || state === 'rejected') return state;
    // Clients wait from now on, rather than hear of the absence. The message has the processor pass over one that is
    // being found meanwhile.
    if (state === 'missing') await clearOutcome(records, target.module, target.version);
    await request(target, { announced: true });
    return 'asked';
  }
}
