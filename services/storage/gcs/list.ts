import type { Bucket, FileMetadata } from '@google-cloud/storage';
import type { ObjectInfo } from '../index.ts';
import { compareKeys, isKey } from '../key.ts';
import { answered, Foreign, storageFault } from './faults.ts';
import { describe } from './object.ts';

const pageSize = 1000;

interface Page {
  nextPageToken?: string;
  items?: FileMetadata[];
}

/** One page of a bucket's objects. The client's own call takes any answer with status 200 for one without objects. */
export async function pageOf(bucket: Bucket, query: Record<string, unknown>): Promise<Page> {
  const [listing] = await answered(bucket.request({ uri: '/o', qs: query }));
  if (Object(listing).kind !== 'storage#objects') throw new Foreign('the answer is no listing of a bucket');
  return listing as Page;
}

/** Objects in the order of their names, page by page; one page is in memory. */
export async function* listObjects(bucket: Bucket, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  if (!prefix.isWellFormed()) return;
  let pageToken: string | undefined;
  do {
    const query = {
      prefix,
      maxResults: pageSize,
      fields: 'kind,nextPageToken,items(name,size,generation,updated)',
      // Inclusive, whereas `after` is not. Never earlier than the prefix, so an empty one is not needed.
      ...(after !== '' && { startOffset: after.toWellFormed() }),
      ...(pageToken !== undefined && { pageToken }),
    };
    const page = await pageOf(bucket, query).catch(error => {
      throw storageFault(error, `listing ${prefix}`);
    });
    for (const metadata of page.items ?? []) {
      const info = describe(metadata);
      if (isKey(info.key) && (after === '' || compareKeys(info.key, after) > 0)) yield info;
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}
