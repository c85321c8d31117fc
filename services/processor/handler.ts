import type { Logger } from 'pino';
import { asFault, Fault } from '../errors.ts';
import { checkModulePath, checkModuleVersion } from '../gomod/path.ts';
import { canonicalVersion } from '../gomod/version.ts';
import type { Handler, Messaging } from '../messaging/index.ts';
import type { Message } from '../messaging/topics.ts';
import { clearOutcome, type Outcome, RunLog, readOutcome, versionKey, writeOutcome } from '../records/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import type { Claims } from './claim.ts';
import { fetchIntoQuarantine } from './fetch.ts';
import { mayPass } from './retry.ts';
import type { Routes } from './routes.ts';
import type { Ask } from './upstream.ts';

export interface HandlerDeps {
  messaging: Pick<Messaging, 'publish'>;
  published: Storage;
  quarantine: Storage;
  records: Storage;
  routes: Routes;
  claims: Claims;
  log: Logger;
  /** How long an absence holds, in ms. */
  negativeTtl: number;
  /** Aborted when the processor closes and can't wait any longer. */
  closing: AbortSignal;
}

type Requested = Message<'module.requested'>;

/** Attempts within one delivery; messaging adds its own, with longer pauses. */
const tries = 3;
/** How long a failure that may pass is told to clients before it is tried again, in seconds. */
const shortHold = 5;

/**
 * Handles `module.requested`: fetches the version into quarantine and says `module.fetched`, or writes an outcome. Does
 * nothing that is done already, and fetches a version once at a time, whichever processes share the stores. Acknowledges what is settled;
 * throws what may pass, so that the message comes again.
 */
export function createHandler(deps: HandlerDeps): Handler<Requested> {
  const { messaging, published, quarantine, records, routes, claims, log } = deps;
  const underWay = new Map<string, Promise<void>>();

  async function handle(message: Requested, signal: AbortSignal): Promise<void> {
    const { module, version } = message;
    const invalid = reasonAgainst(module, version);
    if (invalid !== undefined) return reject(message, invalid);
    await claims.run(module, version, signal, () => settle(message, signal));
  }

  async function settle(message: Requested, signal: AbortSignal): Promise<void> {
    const { module, version, recheck = false } = message;
    const key = versionKey(module, version);
    const [isPublished, quarantined, written] = await Promise.all([
      published.stat(`${key}.info`),
      quarantine.stat(`${key}.info`),
      readOutcome(records, module, version, new Date(0)), // those that hold no more, too
    ]);
    if (recheck && isPublished !== undefined) {
      // Bytes that may be there from earlier say nothing about what the origin gives now.
      if (quarantined !== undefined) await quarantine.delete(`${key}.info`);
      return fetch(message, written, signal);
    }
    if (isPublished !== undefined) return;
    // A verdict stands whatever its origin announces.
    const isAnnounced = message.announced === true && written?.reasons === undefined;
    const insists = recheck || message.by === 'operator' || isAnnounced;
    if (written !== undefined && !insists && settled(written)) return repeat(message, written);
    if (quarantined !== undefined) return announce(message, await originOf(key));
    return fetch(message, written, signal);
  }

  async function fetch(message: Requested, written: Outcome | undefined, signal: AbortSignal): Promise<void> {
    const { module, version, hops } = message;
    const run = new RunLog('processor');
    const ask: Ask = {
      signal,
      ...(hops !== undefined && { hops }),
      trace: entry => run.add(entry.error === undefined ? 'got' : 'failed', { ...entry }),
    };
    let result: string;
    let failure: Fault | undefined;
    try {
      const origin = await routes.ask(module, ask, tries, async client => {
        await fetchIntoQuarantine(client, module, version, quarantine, ask);
        return client.spec.name;
      });
      // Before the message: afterwards the outcome may be the validator's.
      if (written !== undefined && written.reasons === undefined) await clearOutcome(records, module, version);
      await announce(message, origin);
      result = `fetched from ${origin}`;
    } catch (error) {
      failure = asFault(error);
      if (signal.aborted) throw failure;
      await fail(message, written, failure);
      result = `${failure.kind}: ${failure.message}`;
    }
    // An absence is told by its outcome: a log for each would let anybody fill the store with names that do not exist.
    if (!(failure && absent(failure))) await run.write(records, module, version, result);
    if (failure !== undefined && (mayPass(failure) || failure.kind === 'internal')) throw failure;
  }

  async function fail(message: Requested, written: Outcome | undefined, fault: Fault): Promise<void> {
    const { module, version } = message;
    const level = fault.kind === 'internal' ? 'error' : mayPass(fault) ? 'warn' : 'info';
    log[level](
      { module, version, kind: fault.kind, err: fault.kind === 'internal' ? fault : undefined },
      fault.message,
    );
    // A verdict of the validator outlives the origin's trouble, and so does what is published.
    if (message.recheck || (written?.reasons !== undefined && holds(written))) return;
    await writeOutcome(records, module, version, outcomeOf(fault));
  }

  function outcomeOf(fault: Fault): Outcome {
    const brief = mayPass(fault) || fault.kind === 'internal' || fault.kind === 'loop';
    const hold = brief ? Math.max(shortHold, fault.retryAfter ?? 0) * 1000 : (fault.retryAfter ?? Infinity) * 1000;
    const now = Date.now();
    return {
      kind: fault.kind,
      message: fault.message,
      at: new Date(now).toISOString(),
      until: new Date(now + (brief ? hold : Math.min(deps.negativeTtl, hold))).toISOString(),
    };
  }

  /** Who asked may have looked before the outcome was written, and waits for it to change. A verdict stays as it is. */
  async function repeat({ module, version }: Requested, written: Outcome): Promise<void> {
    if (written.reasons !== undefined) return;
    await writeOutcome(records, module, version, { ...written, at: new Date().toISOString() });
  }

  async function reject({ module, version }: Requested, fault: Fault): Promise<void> {
    log.warn({ module, version }, `a message asks for what can't exist: ${fault.message}`);
    try {
      await writeOutcome(records, module, version, outcomeOf(fault));
    } catch (error) {
      if (asFault(error).kind !== 'invalid') throw error; // there is no key for such a name
    }
  }

  async function originOf(key: string): Promise<string> {
    return (await readObject(quarantine, `${key}.origin`, 4096))?.toString() ?? 'unknown';
  }

  const announce = ({ module, version, requestedAt, recheck, depth }: Requested, origin: string) =>
    messaging.publish('module.fetched', {
      v: 1,
      module,
      version,
      requestedAt,
      origin,
      ...(recheck !== undefined && { recheck }),
      ...(depth !== undefined && { depth }),
    });

  async function handleOnce(message: Requested, signal: AbortSignal): Promise<void> {
    const name = `${message.module}@${message.version}`;
    for (let running = underWay.get(name); running !== undefined; running = underWay.get(name)) {
      // What runs may have been told that it is absent before it was announced.
      if (!message.recheck && !message.announced) return running;
      await running.catch(() => {});
    }
    const run = handle(message, signal);
    underWay.set(name, run);
    try {
      await run;
    } finally {
      if (underWay.get(name) === run) underWay.delete(name);
    }
  }

  /** The outcome of what somebody asked for on the page, and was told that it fails. */
  async function giveUp({ module, version }: Requested, fault: Fault): Promise<void> {
    const written = await readOutcome(records, module, version);
    if (written?.reasons === undefined) {
      await writeOutcome(records, module, version, { ...outcomeOf(fault), givenUp: true });
    }
  }

  return async (message, delivery) => {
    const signal = AbortSignal.any([delivery.signal, deps.closing]);
    try {
      await handleOnce(message, signal);
    } catch (error) {
      const fault = asFault(error);
      // Anybody may ask for what is on a host that fails: that is no dead letter, of which operators are told.
      const isOver = message.by === 'page' && delivery.lastAttempt && mayPass(fault) && !signal.aborted;
      if (!isOver) throw error;
      await giveUp(message, fault);
    }
  };
}

function reasonAgainst(module: string, version: string): Fault | undefined {
  try {
    checkModulePath(module);
    if (canonicalVersion(version) !== version) throw new Fault('invalid', `the version ${version} is not canonical`);
    checkModuleVersion(module, version);
    return undefined;
  } catch (error) {
    return asFault(error);
  }
}

/** Whether the outcome holds now and asking again would not change it. */
function settled(outcome: Outcome): boolean {
  return (
    holds(outcome) &&
    !mayPass(new Fault(outcome.kind, outcome.message)) &&
    outcome.kind !== 'internal' &&
    outcome.kind !== 'loop'
  );
}

const holds = ({ until }: Outcome) => until === undefined || Date.parse(until) > Date.now();

const absent = ({ kind }: Fault) => kind === 'not-found' || kind === 'gone' || kind === 'invalid';
