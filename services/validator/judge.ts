import type { Provenance, Release, RunLog } from '../records/index.ts';
import type { Candidate } from './candidate.ts';
import type { Refusal, Rule, RuleContext, Verdict } from './rule.ts';
import { policyRules, structuralRules } from './rules/index.ts';

export interface Judgement {
  /** Names of rules. */
  passed: string[];
  /** Names of rules that refused and that an operator's release overrules. */
  overruled: string[];
  /** Empty when it may be published. */
  refusals: RuleRefusal[];
  checksumDatabase: Provenance['checksumDatabase'];
}

export interface RuleRefusal extends Refusal {
  rule: string;
}

/**
 * Asks the rules. Throws the fault of a rule that can't tell for now, unless the others refuse for ever already.
 * A release overrules the refusals of rules that can be overruled.
 */
export async function judge(
  candidate: Candidate,
  context: RuleContext,
  release: Release | undefined,
  log: RunLog,
): Promise<Judgement> {
  const judgement: Judgement = { passed: [], overruled: [], refusals: [], checksumDatabase: undefined };

  function note(rule: Rule, verdict: Verdict): void {
    if (verdict.pass) {
      judgement.passed.push(rule.name);
      judgement.checksumDatabase ??= verdict.checksumDatabase;
      return;
    }
    const overrules = release !== undefined && rule.overrulable;
    log.add(`${rule.name} ${overrules ? 'is overruled; it ' : ''}refused: ${verdict.message}`);
    if (overrules) judgement.overruled.push(rule.name);
    else judgement.refusals.push({ ...verdict, rule: rule.name });
  }

  for (const rule of structuralRules) {
    const verdict = await rule.check(candidate, context);
    note(rule, verdict);
    if (!verdict.pass) return judgement;
  }
  const answers = await Promise.allSettled(policyRules.map(rule => rule.check(candidate, context)));
  policyRules.forEach((rule, i) => {
    const answer = answers[i];
    if (answer?.status === 'fulfilled') note(rule, answer.value);
  });
  if (judgement.refusals.some(refusal => refusal.until === undefined)) return judgement;
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  log.add('passed', { rules: judgement.passed });
  return judgement;
}
