import { asFault, Fault } from '../errors.ts';
import { checkModulePath } from '../gomod/path.ts';
import type { Visit } from './visit.ts';

/**
 * `<module>` or `<module>@<version>`, the path of an address without its first slash. Throws `not-found` for what can't be a
 * module: module paths begin with a host, so with a dot in their first element.
 */
export function addressOf(path: string): { module: string; version: string | undefined } {
  const [, module = '', version] = /^([^@]*?)\/?(?:@([^@/]+))?$/.exec(path) ?? [];
  try {
    checkModulePath(module);
  } catch (error) {
    throw new Fault('not-found', 'there is no such page, and no module can have this path', { cause: error });
  }
  return { module, version };
}

/** Elements of a path that are tried, so that a long one costs no more. */
const maxTries = 6;

/** The module that holds a package of this path, the longest first, as the go command looks for it. */
export async function moduleWith({ api, caller }: Visit, path: string): Promise<string | undefined> {
  const elements = path.split('/');
  const candidates: string[] = [];
  for (let length = elements.length - 1; length >= 1 && candidates.length < maxTries; length -= 1) {
    candidates.push(elements.slice(0, length).join('/'));
  }
  for (const candidate of candidates) {
    try {
      const { items } = await api.packages({ module: candidate }, caller);
      if (items.some(item => item.path === path)) return candidate;
    } catch (error) {
      const { kind } = asFault(error);
      if (kind !== 'not-found' && kind !== 'invalid') throw error;
    }
  }
  return undefined;
}
