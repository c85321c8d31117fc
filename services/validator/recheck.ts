import { asFault } from '../errors.ts';
import { hashGoMod } from '../gomod/dirhash.ts';
import { readProvenance, versionKey } from '../records/index.ts';
import { readObject } from '../storage/index.ts';
import { type Candidate, limits } from './candidate.ts';
import { cleanQuarantine, type Job, raiseAlarm, ruleContext, type Tools } from './job.ts';
import { publishedHash } from './publish.ts';
import { checksumDatabase } from './rules/checksum-database.ts';
import { structuralRules } from './rules/index.ts';

/**
 * Compares what an origin gives now, and what the checksum database says now, with what is published. A difference is
 * an alarm; the published bytes stay and nothing changes for clients. Says whether all is as it was.
 */
export async function recheck(tools: Tools, job: Job, candidate: Candidate): Promise<boolean> {
  const differences = await findDifferences(tools, job, candidate);
  let unchanged = differences.length === 0;
  if (!unchanged) await raiseAlarm(tools, job, 'changed-bytes', differences.join('; '));
  if (unchanged) {
    // The candidate is what is published, so the database's verdict on it is one on the published version.
    const verdict = await checksumDatabase.check(candidate, ruleContext(tools));
    if (!verdict.pass) job.run.add(`${checksumDatabase.name}: ${verdict.message}`);
    if (!verdict.pass && verdict.alarm !== undefined) {
      await raiseAlarm(tools, job, verdict.alarm, verdict.message);
      unchanged = false;
    }
  }
  await cleanQuarantine(tools, job);
  return unchanged;
}

/** A sentence each. */
async function findDifferences(tools: Tools, job: Job, candidate: Candidate): Promise<string[]> {
  const { module, version, origin } = job.message;
  const differences: string[] = [];

  const stored = await storedHashes(tools, job);
  const { hash = stored.zip, goModHash = stored.goMod } = (await readProvenance(tools.records, module, version)) ?? {};
  if (stored.zip !== hash) differences.push(`the stored zip is ${stored.zip}, but ${hash} was published`);
  if (stored.goMod !== goModHash)
    differences.push(`the stored go.mod is ${stored.goMod}, but ${goModHash} was published`);

  for (const rule of structuralRules) {
    const verdict = await rule.check(candidate, ruleContext(tools));
    if (!verdict.pass)
      return [...differences, `${origin} gives no valid version now: ${rule.name}: ${verdict.message}`];
  }
  const given = { zip: (await candidate.zip()).hash, goMod: hashGoMod(await candidate.mod()) };
  if (given.zip !== hash) differences.push(`${origin} gives the zip ${given.zip} now, but ${hash} was published`);
  if (given.goMod !== goModHash) {
    differences.push(`${origin} gives the go.mod ${given.goMod} now, but ${goModHash} was published`);
  }
  return differences;
}

/** Of what the published store holds; says so in place of a hash when that is damaged. */
async function storedHashes({ published }: Tools, job: Job): Promise<{ zip: string; goMod: string }> {
  const { module, version } = job.message;
  const mod = await readObject(published, `${versionKey(module, version)}.mod`, limits.mod);
  const goMod = mod === undefined ? 'missing' : hashGoMod(mod);
  try {
    return { zip: await publishedHash(published, job), goMod };
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind !== 'invalid') throw fault;
    return { zip: `damaged (${fault.message})`, goMod };
  }
}
