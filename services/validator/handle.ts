import { asFault, type Fault, isTransient } from '../errors.ts';
import type { Delivery, Handler } from '../messaging/index.ts';
import type { Message } from '../messaging/topics.ts';
import { type Outcome, RunLog, readOutcome, readRelease, versionKey, writeOutcome } from '../records/index.ts';
import { openCandidate } from './candidate.ts';
import { type Job, ruleContext, type Tools } from './job.ts';
import { judge } from './judge.ts';
import { publish, publishedBytes, settlePublished } from './publish.ts';
import { recheck } from './recheck.ts';
import { isRejection, reject, settleRejected } from './reject.ts';
import { createSerial } from './serial.ts';

/** What was lost from quarantine is fetched again as long as the first request is no older. Milliseconds. */
const patience = 60 * 60_000;
/** How long clients are told that a version can't be checked for now, before they may ask for it again. */
const pause = 30_000;

/**
 * Handles `module.fetched`: publishes the version, rejects it, or throws to be given the message again. Messages may
 * come repeatedly and in any order; those of one version are handled one after the other.
 */
export function createHandler(tools: Tools): Handler<Message<'module.fetched'>> {
  const { records, published, quarantine, scratch, log, now } = tools;
  const serial = createSerial();

  /** The result is for the processing log; undefined when there is nothing to tell. */
  async function handle(job: Job): Promise<string | undefined> {
    const { module, version, recheck: again = false } = job.message;
    const [info, outcome, release, candidate] = await Promise.all([
      published.stat(`${versionKey(module, version)}.info`),
      readOutcome(records, module, version, now()),
      readRelease(records, module, version),
      openCandidate(quarantine, module, version, job.folder),
    ]);
    if (!again && info !== undefined) {
      await settlePublished(tools, job);
      return undefined;
    }
    const isReleased = outcome !== undefined && release !== undefined && release.at >= outcome.at;
    if (!again && isRejection(outcome) && !isReleased) {
      await settleRejected(tools, job, outcome);
      return undefined;
    }
    if (candidate === undefined) return fetchAgain(job);
    if (info !== undefined) return (await recheck(tools, job, candidate)) ? 'unchanged' : 'changed';

    const judgement = await judge(candidate, ruleContext(tools), release, job.run);
    if (judgement.refusals.length > 0) {
      await reject(tools, job, judgement.refusals);
      return 'rejected';
    }
    try {
      await publish(tools, job, candidate, judgement);
      return 'published';
    } catch (error) {
      const fault = asFault(error);
      if (fault.rule !== publishedBytes) throw fault;
      await reject(tools, job, [{ pass: false, rule: publishedBytes, message: fault.message, alarm: 'changed-bytes' }]);
      return 'rejected';
    }
  }

  /** Quarantine has lost it. Asks for it once more, unless that has gone on for too long. */
  async function fetchAgain({ message, run }: Job): Promise<string> {
    const { module, version, requestedAt, recheck: again, depth } = message;
    const age = now().getTime() - Date.parse(requestedAt);
    if (age < patience) {
      run.add('is not complete in quarantine: requested again');
      const far = depth === undefined ? {} : { depth };
      const request = { v: 1, module, version, by: 'operator', requestedAt, ...far } as const;
      await tools.messaging.publish('module.requested', again ? { ...request, recheck: true } : request);
      return 'requested again';
    }
    run.add('is not complete in quarantine, and too old to be requested again');
    await tell({ kind: 'unavailable', message: 'what was fetched has been lost; try again' }, message);
    return 'given up';
  }

  /** Tells clients, for a while, why the version is not there yet. Never hides a rejection or what is published. */
  async function tell(outcome: Pick<Outcome, 'kind' | 'message'>, { module, version }: Message<'module.fetched'>) {
    const kept = await readOutcome(records, module, version, now());
    const info = await published.stat(`${versionKey(module, version)}.info`);
    if (isRejection(kept) || info !== undefined) return;
    const until = new Date(now().getTime() + pause).toISOString();
    await writeOutcome(records, module, version, { ...outcome, at: now().toISOString(), until });
  }

  /** The first failure may pass before anybody notices; from the second on clients are told. */
  async function noteFailure(
    { message, run }: Pick<Job, 'message' | 'run'>,
    delivery: Delivery,
    fault: Fault,
  ): Promise<void> {
    const { module, version } = message;
    log.warn({ module, version, attempt: delivery.attempt, kind: fault.kind, err: fault }, 'could not be checked');
    run.add(`could not be checked: ${fault.message}`, { kind: fault.kind, attempt: delivery.attempt });
    if (delivery.attempt > 1 || delivery.lastAttempt) {
      // A fault from within says nothing of the version's existence: it must not become a 404.
      const kind = isTransient(fault) || fault.kind === 'bad-origin' ? fault.kind : 'internal';
      await tell({ kind, message: `${module}@${version} could not be checked: ${fault.message}` }, message);
    }
    await run.write(records, module, version, 'failed');
  }

  async function deliver(message: Message<'module.fetched'>, delivery: Delivery): Promise<void> {
    const { module, version } = message;
    const run = new RunLog('validator');
    try {
      await scratch.use(async folder => {
        const result = await handle({ message, folder, run, signal: delivery.signal });
        if (result !== undefined) await run.write(records, module, version, result);
      });
    } catch (error) {
      const fault = asFault(error);
      // After the copies are gone: on a full disk they may hold the room that the note needs. It may have none even so.
      await noteFailure({ message, run }, delivery, fault).catch(() => {});
      throw fault;
    }
  }

  return (message, delivery) => serial.run(`${message.module}@${message.version}`, () => deliver(message, delivery));
}
