import type { FileMetadata } from '@google-cloud/storage';
import { Fault } from '../../errors.ts';
import type { ObjectInfo } from '../index.ts';

/** What Cloud Storage says of an object. */
export function describe({ name, size, generation, updated }: FileMetadata): ObjectInfo {
  if (name === undefined || size === undefined || generation === undefined || updated === undefined) {
    throw new Fault('unavailable', 'the store answered without name, size, generation or time of an object');
  }
  return { key: name, size: Number(size), etag: String(generation), time: wholeSeconds(updated) };
}

/** A download tells the time in seconds, in Last-Modified; the same must be told everywhere. */
export const wholeSeconds = (time: string) => new Date(Math.floor(Date.parse(time) / 1000) * 1000);
