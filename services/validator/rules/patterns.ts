import { matchPrefixPatterns } from '../../gomod/pattern.ts';

/** Whether any of `patterns` (`module` or `module@version`, the module as in `GOPRIVATE`) is for this version. */
export function matchesAny(patterns: readonly string[], module: string, version: string): boolean {
  return patterns.some(pattern => {
    const [path = '', only = version] = pattern.split('@');
    return only === version && matchPrefixPatterns(path, module);
  });
}

export const isPrivate = (patterns: readonly string[], module: string) =>
  matchPrefixPatterns(patterns.join(','), module);
