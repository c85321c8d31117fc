import { matchPrefixPatterns } from '../gomod/pattern.ts';
import { askInOrder } from './chain.ts';
import { retry } from './retry.ts';
import type { Ask, OriginClient } from './upstream.ts';

export interface RoutesOptions {
  /** Clients of UPSTREAM. */
  origins: readonly OriginClient[];
  /** Clients of PRIVATE_UPSTREAM. */
  privateOrigins: readonly OriginClient[];
  /** Patterns of private modules, as in GOPRIVATE. */
  privateModules: readonly string[];
  /** Longest wait before a second attempt, in ms. */
  firstDelay?: number;
}

/** Which origins are asked for which module, and how often. */
export interface Routes {
  isPrivate(module: string): boolean;

  /** Asks a module's origins in order, and all of them again when what went wrong may pass. */
  ask<T>(module: string, ask: Ask, tries: number, question: (origin: OriginClient) => Promise<T>): Promise<T>;
}

/** No attempt begins later than this after the first, so that whoever waits hears of it. In ms. */
const budget = 10_000;

export function createRoutes(options: RoutesOptions): Routes {
  const { origins, privateOrigins, firstDelay = 300 } = options;
  const patterns = options.privateModules.join(',');
  const isPrivate = (module: string) => matchPrefixPatterns(patterns, module);
  return {
    isPrivate,
    ask(module, ask, tries, question) {
      const route = isPrivate(module) ? privateOrigins : origins;
      const attempt = () => askInOrder(route, question, ask.signal);
      return retry(attempt, { tries, firstDelay, budget, signal: ask.signal });
    },
  };
}
