import { type Outcome, writeOutcome } from '../records/index.ts';
import { cleanQuarantine, type Job, raiseAlarm, type Tools } from './job.ts';
import type { RuleRefusal } from './judge.ts';

export type Rejection = Outcome & Required<Pick<Outcome, 'reasons'>>;

/** An outcome with reasons of rules. An origin that forbids a version gives a refusal, but no rejection. */
export const isRejection = (outcome: Outcome | undefined): outcome is Rejection =>
  outcome?.kind === 'refused' && outcome.reasons !== undefined;

/** Writes the tombstone, which holds for ever unless every refusal says until when, and tells everybody. */
export async function reject(tools: Tools, job: Job, refusals: readonly RuleRefusal[]): Promise<void> {
  const { records, metrics, log, now } = tools;
  const { module, version, origin } = job.message;
  for (const { alarm, message } of refusals) if (alarm !== undefined) await raiseAlarm(tools, job, alarm, message);

  const reasons = refusals.map(({ rule, message }) => ({ rule, message }));
  const ends = refusals.map(({ until }) => until?.getTime() ?? Number.POSITIVE_INFINITY);
  const end = Math.max(...ends);
  const outcome: Rejection = {
    kind: 'refused',
    message: reasons.map(({ rule, message }) => `${rule}: ${message}`).join('; '),
    reasons,
    at: now().toISOString(),
    ...(Number.isFinite(end) && { until: new Date(end).toISOString() }),
  };
  await writeOutcome(records, module, version, outcome);
  metrics.verdicts.inc({ verdict: 'rejected', rule: reasons[0]?.rule ?? '' });
  log.warn({ module, version, origin, reasons, until: outcome.until }, 'rejected');
  await settleRejected(tools, job, outcome);
}

/** Makes sure that all that follows from a rejection has happened. */
export async function settleRejected(tools: Tools, job: Job, outcome: Rejection): Promise<void> {
  const { module, version } = job.message;
  const { at: rejectedAt, reasons } = outcome;
  await tools.messaging.publish('module.rejected', { v: 1, module, version, rejectedAt, reasons });
  await cleanQuarantine(tools, job);
}
