import { firstSeenHash as keepFirstSeen } from '../../records/index.ts';
import { pass, type Rule, refuse } from '../rule.ts';
import { isPrivate } from './patterns.ts';

export const firstSeenHash: Rule = {
  name: 'first-seen-hash',
  about:
    'Refuses a version, of a private module or when there is no checksum database, that has not the content it was first seen with: its tag was moved.',
  overrulable: false,
  async check(candidate, { config, records, sumdb }) {
    const { module, version } = candidate;
    if (sumdb !== undefined && !isPrivate(config.PRIVATE_MODULES, module)) return pass();
    const { hash } = await candidate.zip();
    const seen = await keepFirstSeen(records, module, version, hash);
    if (seen === hash) return pass();
    return refuse(`its zip is ${hash}, but was ${seen} when it was first seen`, { alarm: 'changed-bytes' });
  },
};
