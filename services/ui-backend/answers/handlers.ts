import { Fault } from '../../errors.ts';
import { checkModulePath } from '../../gomod/path.ts';
import type { Reader } from '../../proxy/access.ts';
import type { Answer, EndpointName, Request } from '../endpoints.ts';
import type { VisibleCatalogue } from '../visible.ts';

/** How each endpoint is answered. Requests have been checked against their schemas. */
export type Handlers = {
  readonly [N in EndpointName]: (request: Request<N>, view: View) => Promise<Answer<N>>;
};

/** For whom, and what that one may see. */
export interface View {
  reader: Reader;
  /** What counts as one client: the name of its token, or its network. */
  client: string;
  catalogue: VisibleCatalogue;
}

/** Not here, or not to be seen: the same to whoever asks. */
export function notHere(module: string, version?: string): Fault {
  const name = version === undefined ? module : `${module}@${version}`;
  return new Fault('not-found', `${name} is not here; it can be asked for, to be fetched and checked`);
}

/** Throws `invalid` for what can't be a module's path. */
export async function moduleOf({ catalogue }: View, path: string) {
  checkModulePath(path);
  const found = await catalogue.module(path);
  if (found === undefined) throw notHere(path);
  return found;
}

/** What lists show of it, which costs less than everything. */
export async function summaryOf({ catalogue }: View, path: string) {
  checkModulePath(path);
  const [found] = await catalogue.modules([path]);
  if (found === undefined) throw notHere(path);
  return found;
}

/** The version that is asked for, or the newest. */
export async function versionOf(view: View, { module, version }: { module: string; version?: string }) {
  const wanted = version ?? (await summaryOf(view, module)).newest;
  if (version !== undefined) checkModulePath(module);
  const found = await view.catalogue.version(module, wanted);
  if (found === undefined) throw notHere(module, wanted);
  return found;
}

/** Of a version that is published here; one that is not has no content. */
export async function publishedOf(view: View, wanted: { module: string; version?: string }) {
  const found = await versionOf(view, wanted);
  if (found.status !== 'published') {
    const why = found.reasons.map(({ message }) => message).join('; ');
    throw new Fault('not-found', `${found.module}@${found.version} is not published${why && `: ${why}`}`);
  }
  return found;
}

/** What is unknown is null in answers. */
export const orNull = <T>(value: T | undefined): T | null => value ?? null;

/** Texts that are '' when there is nothing to say. */
export const textOrNull = (text: string): string | null => (text === '' ? null : text);
