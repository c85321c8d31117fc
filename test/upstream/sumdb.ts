import { notFound, plain, text } from './answers.ts';
import type { Answer } from './faults.ts';

/** A checksum database that an upstream passes on: from a server (its address with a slash at the end) or a function. */
export interface PassedSumdb {
  name: string;
  read: URL | ((path: string) => Promise<Buffer | undefined>);
}

/** The answer below `/sumdb/<name>/`, or undefined when the path is not there. */
export async function sumdbAnswer(sumdb: PassedSumdb, requestPath: string): Promise<Answer | undefined> {
  const prefix = `/sumdb/${sumdb.name}/`;
  if (!requestPath.startsWith(prefix)) return undefined;
  const path = requestPath.slice(prefix.length);
  if (path === 'supported') return text([]);
  if (typeof sumdb.read === 'function') {
    const body = await sumdb.read(path);
    return body ? { status: 200, headers: plain, body } : notFound(path);
  }
  const response = await fetch(new URL(path, sumdb.read));
  return { status: response.status, headers: plain, body: Buffer.from(await response.arrayBuffer()) };
}
