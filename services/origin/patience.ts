import { Fault } from '../errors.ts';
import type { Origin } from './index.ts';

/** The origin, with no answer later than `longest` milliseconds: then `timed-out`. What was asked may go on behind. */
export function withPatience(origin: Origin, longest: number): Origin {
  async function within<T>(question: Promise<T>, what: string): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const message = `the origin has not answered for ${what} within ${longest / 1000} s; try again`;
    const timer = setTimeout(() => reject(new Fault('timed-out', message, { retryAfter: 10 })), longest);
    try {
      return await Promise.race([question, late]);
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    list: (module, options) => within(origin.list(module, options), `the versions of ${module}`),
    latest: (module, options) => within(origin.latest(module, options), `the latest version of ${module}`),
    query: (module, query, options) => within(origin.query(module, query, options), `${module}@${query}`),
    sumdb: (name, path, options) => within(origin.sumdb(name, path, options), `${path} of ${name}`),
  };
}
