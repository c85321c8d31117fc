import { asFault } from '../../errors.ts';
import { hashGoMod } from '../../gomod/dirhash.ts';
import { type ChecksumRecord, pass, type Rule, refuse } from '../rule.ts';
import { isPrivate } from './patterns.ts';

/** The database may learn of a version, or its proofs may hold again; asking more often helps nobody. Milliseconds. */
const askAgain = 30 * 60_000;

export const checksumDatabase: Rule = {
  name: 'checksum-database',
  about:
    'Refuses a public version whose zip or go.mod is not what the checksum database proves, or that it does not have: every go command would refuse it too.',
  overrulable: false,
  async check(candidate, { config, sumdb, now }) {
    const { module, version } = candidate;
    if (sumdb === undefined || isPrivate(config.PRIVATE_MODULES, module)) return pass();
    const zip = await candidate.zip();
    const until = new Date(now.getTime() + askAgain);
    let proven: ChecksumRecord;
    try {
      proven = await sumdb.lookup(module, version);
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind === 'not-found' || fault.kind === 'gone') {
        const hint = 'if the module is private, name it in PRIVATE_MODULES';
        return refuse(`${sumdb.name} does not have it (${fault.message}); ${hint}`, { until });
      }
      if (fault.kind !== 'security') throw fault;
      return refuse(fault.message, { until, alarm: 'checksum-database' });
    }
    const differs = (what: string, ours: string, theirs: string) =>
      refuse(`its ${what} is ${ours}, but ${sumdb.name} has ${theirs}`, { alarm: 'checksum-mismatch' });
    if (zip.hash !== proven.zipHash) return differs('zip', zip.hash, proven.zipHash);
    const goModHash = hashGoMod(await candidate.mod());
    if (goModHash !== proven.goModHash) return differs('go.mod', goModHash, proven.goModHash);
    const { position, treeSize } = proven;
    return pass({ checksumDatabase: { name: sumdb.name, position, treeSize } });
  },
};
