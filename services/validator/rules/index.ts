import type { Rule } from '../rule.ts';
import { allowList } from './allow-list.ts';
import { checksumDatabase } from './checksum-database.ts';
import { cooldown } from './cooldown.ts';
import { denyList } from './deny-list.ts';
import { firstSeenHash } from './first-seen-hash.ts';
import { goModAgrees } from './go-mod-agrees.ts';
import { pathAndVersion } from './path-and-version.ts';
import { sizeLimits } from './size-limits.ts';
import { zipWellFormed } from './zip-well-formed.ts';

/** Whether it is a module version at all. In this order, until the first that refuses: each relies on those before. */
export const structuralRules: readonly Rule[] = [sizeLimits, pathAndVersion, zipWellFormed, goModAgrees];

/** Whether it is the right one and may be used. All are asked and all reasons are kept. */
export const policyRules: readonly Rule[] = [checksumDatabase, firstSeenHash, allowList, denyList, cooldown];

export const rules: readonly Rule[] = [...structuralRules, ...policyRules];
