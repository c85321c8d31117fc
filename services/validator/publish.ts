import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { asFault, Fault } from '../errors.ts';
import { hashGoMod } from '../gomod/dirhash.ts';
import { readModuleZip } from '../gomod/zip.ts';
import { clearOutcome, type Provenance, readProvenance, versionKey, writeProvenance } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import { type Candidate, copyObject } from './candidate.ts';
import { all, cleanQuarantine, type Job, type Tools } from './job.ts';
import type { Judgement } from './judge.ts';

/** In a rejection where no rule refused: the published store holds other bytes already. */
export const publishedBytes = 'published-bytes';

/**
 * Publishes what the rules let pass. The `.info` is the commit mark: all else, provenance and feed included, is kept
 * before it is written, and nothing that can wait delays it. A repeat after a crash at any step ends in the same state.
 * Throws `conflict` with the rule `published-bytes` when the store holds other content under this version.
 */
export async function publish(tools: Tools, job: Job, candidate: Candidate, judgement: Judgement): Promise<void> {
  const { metrics, published, log, now } = tools;
  const { module, version, requestedAt } = job.message;
  const key = versionKey(module, version);
  const putFiles = async () => all([putZip(published, key, job, candidate), putMod(published, key, candidate)]);

  // What an attempt that died has left is compared first, so that nothing is recorded of content that can't be stored.
  const earlier = await Promise.all([published.stat(`${key}.zip`), published.stat(`${key}.mod`)]);
  const begun = earlier.some(stat => stat !== undefined);
  if (begun) await putFiles();
  const recorded = record(tools, job, candidate, judgement);
  await all([recorded, ...(begun ? [] : [putFiles()])]);
  const provenance = await recorded;

  if (job.signal.aborted) throw new Fault('unavailable', 'the lease was lost; another validator has this version now');
  try {
    await published.put(`${key}.info`, await candidate.infoBytes(), { ifAbsent: true });
  } catch (error) {
    // Another validator was first, with the same content: its zip was compared above.
    if (asFault(error).kind !== 'conflict') throw error;
  }
  tools.onPublished?.(module);
  metrics.verdicts.inc({ verdict: 'published', rule: '' });
  const seconds = (now().getTime() - Date.parse(requestedAt)) / 1000;
  if (seconds >= 0) metrics.publishSeconds.observe(seconds);
  log.info({ module, version, hash: provenance.hash, overruled: provenance.overruled, seconds }, 'published');
  job.run.add('published', { hash: provenance.hash, overruled: provenance.overruled });
  await announce(tools, job, provenance);
}

/** Makes sure that all that follows from publishing has happened, for a message that comes again. */
export async function settlePublished(tools: Tools, job: Job): Promise<void> {
  const { records, feed, log } = tools;
  const { module, version } = job.message;
  const provenance: Provenance | undefined = await readProvenance(records, module, version);
  if (provenance === undefined) {
    log.warn(
      { module, version },
      'it is published, but not by a validator: it has no provenance and is not in the feed',
    );
    return cleanQuarantine(tools, job);
  }
  if (!(await isListed(records, provenance))) {
    await feed.append(module, version, async key => {
      await writeProvenance(records, module, version, { ...provenance, feed: key } as Provenance);
    });
  }
  await announce(tools, job, provenance);
}

async function announce(tools: Tools, job: Job, provenance: Provenance): Promise<void> {
  const { module, version, depth } = job.message;
  const { publishedAt, hash, origin } = provenance;
  const message = { v: 1, module, version, publishedAt, hash, origin } as const;
  await tools.messaging.publish('module.published', depth === undefined ? message : { ...message, depth });
  await clearOutcome(tools.records, module, version);
  await cleanQuarantine(tools, job);
}

/** Writes provenance, then the feed's entry, whose key it holds. An entry that an earlier attempt wrote is kept. */
async function record(tools: Tools, job: Job, candidate: Candidate, judgement: Judgement): Promise<Provenance> {
  const { records, feed } = tools;
  const { module, version, origin, requestedAt } = job.message;
  const [{ hash }, mod] = await Promise.all([candidate.zip(), candidate.mod()]);
  const { passed, overruled, checksumDatabase } = judgement;
  const write = async (key: string, publishedAt: string) => {
    const provenance = {
      origin,
      requestedAt,
      publishedAt,
      hash,
      goModHash: hashGoMod(mod),
      rules: passed,
      overruled,
      ...(checksumDatabase && { checksumDatabase }),
      feed: key,
    };
    await writeProvenance(records, module, version, provenance);
    return provenance;
  };

  const kept: Provenance | undefined = await readProvenance(records, module, version);
  if (kept?.feed !== undefined && (await isListed(records, kept))) return write(kept.feed, kept.publishedAt);
  const { promise, resolve } = Promise.withResolvers<Provenance>();
  await feed.append(module, version, async (key, time) => resolve(await write(key, time)));
  return promise;
}

const isListed = async (records: Storage, { feed }: Provenance) =>
  feed !== undefined && (await records.stat(feed)) !== undefined;

async function putZip(published: Storage, key: string, job: Job, candidate: Candidate): Promise<void> {
  const [file, { hash }] = await Promise.all([candidate.zipFile(), candidate.zip()]);
  try {
    await published.put(`${key}.zip`, createReadStream(file), { ifAbsent: true });
  } catch (error) {
    if (asFault(error).kind !== 'conflict') throw error;
    // The same files, compressed otherwise, are the same module: go.sum knows them by this hash.
    const stored = await publishedHash(published, job);
    if (stored !== hash) throw differs('zip', stored, hash);
  }
}

async function putMod(published: Storage, key: string, candidate: Candidate): Promise<void> {
  const mod = await candidate.mod();
  try {
    await published.put(`${key}.mod`, mod, { ifAbsent: true });
  } catch (error) {
    if (asFault(error).kind !== 'conflict') throw error;
    throw differs('go.mod', 'another one', hashGoMod(mod));
  }
}

/** The h1 hash of the zip in the published store; throws `invalid` when it is none. */
export async function publishedHash(published: Storage, { message, folder }: Job): Promise<string> {
  const { module, version } = message;
  const file = join(await folder(), 'published.zip');
  await copyObject(published, `${versionKey(module, version)}.zip`, file);
  return (await readModuleZip(file, module, version)).hash;
}

const differs = (what: string, stored: string, fetched: string) =>
  new Fault('conflict', `its ${what} is ${fetched}, but ${stored} is stored under this version and stays`, {
    rule: publishedBytes,
  });
