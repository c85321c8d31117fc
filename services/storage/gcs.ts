import type { Bucket } from '@google-cloud/storage';
import { Fault } from '../errors.ts';
import { lacksCredentials, noCredentials } from '../google.ts';
import type { GcsClient } from './gcs/client.ts';
import { attempt, codeOf, Foreign, Silent, storageFault } from './gcs/faults.ts';
import { listObjects, pageOf } from './gcs/list.ts';
import { describe } from './gcs/object.ts';
import { createPut } from './gcs/put.ts';
import { createReader } from './gcs/read.ts';
import type { Storage } from './index.ts';
import { checkKey } from './key.ts';

export interface GcsOptions {
  /** The buckets of a process share one, with its connections and credentials. */
  client: GcsClient;
  bucket: string;
  /** Whether to see at once that the bucket is there and may be read; true by default. */
  look?: boolean;
}

/**
 * Storage in a Cloud Storage bucket, for any number of processes. Keys are object names, so that the bucket of published
 * modules is itself a GOPROXY; an etag is a generation; times are whole seconds, which is what a download tells. Reading
 * needs the role `roles/storage.objectViewer`, creating `objectCreator` beside it, replacing and deleting `objectUser`.
 * Objects that are compressed in the bucket (`Content-Encoding: gzip`) are not ours and not supported.
 */
export async function createGcsStorage({
  client,
  bucket: name,
  look: looks = true,
}: GcsOptions): Promise<Storage & { ready(): Promise<void> }> {
  const bucket = client.service.bucket(name);
  if (looks) {
    await look(bucket).catch(error => {
      throw unusable(client, name, error);
    });
  }

  return {
    put: createPut(bucket),

    get: createReader(client, name),

    async stat(key) {
      checkKey(key);
      return attempt(`reading ${key}`, async () => {
        const [metadata] = await bucket.file(key).getMetadata();
        return describe(metadata);
      });
    },

    list: (prefix, { after = '' } = {}) => listObjects(bucket, prefix, after),

    async delete(key) {
      checkKey(key);
      await attempt(`deleting ${key}`, () => bucket.file(key).delete({ ignoreNotFound: true }));
    },

    /** Throws `unavailable` unless the bucket can be read. Writing is not tried: few services may. */
    async ready() {
      await look(bucket).catch(error => {
        throw storageFault(error, 'looking into its bucket');
      });
    },
  };
}

/** Costs one request; throws unless the bucket exists and may be read. */
const look = (bucket: Bucket) => pageOf(bucket, { maxResults: 1 });

/** Why nothing can be done with the bucket, and what to do about it. */
function unusable({ service }: GcsClient, name: string, error: unknown): Fault {
  const code = codeOf(error);
  const because = (sentence: string) => new Fault('unavailable', sentence, { cause: error });
  if (code === 404) return because(`there is no bucket ${name}: create it, or correct STORAGE`);
  if (code === 403 || code === 401) {
    return because(
      `the bucket ${name} may not be read: grant this service’s identity roles/storage.objectViewer on it, or correct STORAGE`,
    );
  }
  if (lacksCredentials(error)) {
    return because(noCredentials);
  }
  const at = service.apiEndpoint;
  if (error instanceof Foreign) {
    return because(
      `what answers at ${at} is no Cloud Storage: correct the endpoint in STORAGE, or what stands in between`,
    );
  }
  if (error instanceof Silent || code === 'ETIMEDOUT') {
    return because(
      `${at} takes too long to answer for the bucket ${name}: is that the address of Cloud Storage, and is the network open to it?`,
    );
  }
  return because(
    `the bucket ${name} can’t be reached (${code ?? String(error)}): is the network open to Cloud Storage?`,
  );
}
