import type { Bucket, FileMetadata } from '@google-cloud/storage';
import type { ObjectInfo } from '../index.ts';
import { compareKeys, isKey } from '../key.ts';
import { storageFault } from './faults.ts';
import { describe } from './object.ts';

const pageSize = 1000;

/** Objects in the order of their names, page by page; one page is in memory. */
export async function* listObjects(bucket: Bucket, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  if (!prefix.isWellFormed()) return;
  let pageToken: string | undefined;
  do {
    const query = {
      prefix,
      autoPaginate: false,
      maxResults: pageSize,
      fields: 'nextPageToken,items(name,size,generation,updated)',
      // Inclusive, whereas `after` is not. Never earlier than the prefix, so an empty one is not needed.
      ...(after !== '' && { startOffset: after.toWellFormed() }),
      ...(pageToken !== undefined && { pageToken }),
    };
    const [files, next] = await bucket.getFiles(query).catch(error => {
      throw storageFault(error, `listing ${prefix}`);
    });
    // With `fields`, the client gives the plain metadata in the place of its files.
    for (const metadata of files as unknown as FileMetadata[]) {
      const info = describe(metadata);
      if (isKey(info.key) && (after === '' || compareKeys(info.key, after) > 0)) yield info;
    }
    pageToken = (next as { pageToken?: string } | null)?.pageToken;
  } while (pageToken !== undefined);
}
