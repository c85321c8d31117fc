/** Says where in a resource something is wrong, what is wrong there, and what to write instead. */
export type Say = (path: string, wrong: string, instead: string) => void;

export function sentence(where: string, path: string, wrong: string, instead: string): string {
  return `${path ? `${where}, ${path}` : where}: ${wrong}; ${instead}.`;
}

/**
 * Checks every item, also those after one that holds a value which a preview can't know yet. Reading such a value
 * throws; the first of these errors is thrown at the end, so that the engine reports that the policy could not run on
 * everything, while what could be judged has been.
 */
export function each<T>(items: readonly T[] | undefined, check: (item: T, index: number) => void): void {
  let unknown: unknown;
  const length = items?.length ?? 0;
  for (let index = 0; index < length; index++) {
    try {
      check(items?.[index] as T, index);
    } catch (error) {
      unknown ??= error;
    }
  }
  if (unknown !== undefined) throw unknown;
}

/** As `each`, for checks of one thing that don't depend on each other. */
export const all = (...checks: readonly (() => void)[]): void => each(checks, check => check());

/** What `read` gives, or undefined where a preview can't know it yet. For places and names, never for a verdict. */
export function ifKnown<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The stack of an URN (`urn:pulumi:<stack>::<project>::…`), which is the stage. */
export const stageOf = (urn: string): string => urn.split(':')[2] ?? '';

/** Whether `name` is one of the patterns, in which `*` stands for any text. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some(pattern => {
    const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${escaped}$`).test(name);
  });
}
