import { Fault } from '../errors.ts';
import { within } from '../within.ts';
import type { Origin } from './index.ts';

/** The origin, with no answer later than `longest` milliseconds: then `timed-out`. What was asked may go on behind. */
export function withPatience(origin: Origin, longest: number): Origin {
  const patient = <T>(question: Promise<T>, what: string): Promise<T> =>
    within(longest, question, () => {
      const message = `the origin has not answered for ${what} within ${longest / 1000} s; try again`;
      return new Fault('timed-out', message, { retryAfter: 10 });
    });
  return {
    list: (module, options) => patient(origin.list(module, options), `the versions of ${module}`),
    latest: (module, options) => patient(origin.latest(module, options), `the latest version of ${module}`),
    query: (module, query, options) => patient(origin.query(module, query, options), `${module}@${query}`),
    sumdb: (name, path, options) => patient(origin.sumdb(name, path, options), `${path} of ${name}`),
  };
}
