import type { Config } from '../config.ts';
import type { Alarm, Provenance } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Candidate } from './candidate.ts';

/** One reason why a version may not be published, in a file of its own under rules/. */
export interface Rule {
  /** In kebab-case; clients read it in `403 refused: <name>: …`. */
  name: string;
  /** One sentence: what it refuses and why. */
  about: string;
  /** Whether an operator's release may publish what this rule refuses. */
  overrulable: boolean;
  /** Throws a fault when it can't tell for now: the version is then tried again. */
  check(candidate: Candidate, context: RuleContext): Promise<Verdict>;
}

export interface RuleContext {
  config: RuleConfig;
  records: Storage;
  /** Undefined when `SUMDB` is off. */
  sumdb: ChecksumDatabase | undefined;
  now: Date;
}

export type RuleConfig = Pick<Config, 'PRIVATE_MODULES' | 'ALLOW' | 'DENY' | 'COOLDOWN'>;

/** What the rules need of services/sumdb; answers are proven before they are given. */
export interface ChecksumDatabase {
  name: string;
  lookup(module: string, version: string): Promise<ChecksumRecord>;
}

export interface ChecksumRecord {
  zipHash: string;
  goModHash: string;
  position: number;
  treeSize: number;
}

export type Verdict = Pass | Refusal;

export interface Pass {
  pass: true;
  /** What the rule learnt that provenance should keep. */
  checksumDatabase?: Provenance['checksumDatabase'];
}

export interface Refusal {
  pass: false;
  message: string;
  /** When it is worth asking again; a refusal without it is for ever. */
  until?: Date;
  /** Set when the refusal is a security event: it is raised as an alarm. */
  alarm?: Alarm['reason'];
}

export const pass = (facts: Omit<Pass, 'pass'> = {}): Pass => ({ pass: true, ...facts });

export const refuse = (message: string, options: Omit<Refusal, 'pass' | 'message'> = {}): Refusal => ({
  pass: false,
  message,
  ...options,
});
