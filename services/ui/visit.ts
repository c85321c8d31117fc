import { asFault } from '../errors.ts';
import type { Api, Caller } from '../ui-backend/client.ts';
import type { ReadmeRenderer } from './readme/index.ts';

/** A request for a page, and what the page may ask. */
export interface Visit {
  api: Api;
  caller: Caller;
  query: URLSearchParams;
  /** Address of the proxy as people know it, without a slash at the end. */
  proxyUrl: string;
  /** Address of these pages, likewise. */
  pagesUrl: string;
  readmes: ReadmeRenderer;
}

/** A parameter that is one of `values`, else undefined. */
export const choice = <const T extends string>(query: URLSearchParams, name: string, values: readonly T[]) =>
  values.find(value => value === query.get(name));

/** A parameter that is not empty. */
export const text = (query: URLSearchParams, name: string): string | undefined => query.get(name)?.trim() || undefined;

/** What is told of downloads: undefined when that is not known just now. Other failures are thrown. */
export async function ifCounted<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (asFault(error).kind === 'unavailable') return undefined;
    throw error;
  }
}

type Optional<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A request without what is undefined. */
export const given = <T extends object>(request: T): Optional<T> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as Optional<T>;
