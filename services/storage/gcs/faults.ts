import { Fault } from '../../errors.ts';
import { within } from '../../within.ts';

/** The HTTP status that a call ended with, or the network's code such as `ECONNRESET`. */
export function codeOf(error: unknown): number | string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  const number = Number(code);
  if (Number.isInteger(number) && number >= 100) return number;
  return typeof code === 'string' ? code : undefined;
}

/**
 * A failed call as a Fault. The sentence holds nothing of Google's answer, which names buckets and accounts: it may reach
 * a client. The log has the cause.
 */
export function storageFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  const code = codeOf(error);
  const reason =
    code === 403 || code === 401
      ? 'this service lacks the right'
      : code === 429
        ? 'too many requests'
        : typeof code === 'number'
          ? `HTTP status ${code}`
          : (code ?? 'no answer');
  return new Fault('unavailable', `the store failed while ${doing}: ${reason}`, { cause: error });
}

/** Cloud Storage answers 404 for an object and for its bucket; a bucket that is gone must not pass for objects that are. */
export const isAbsence = (status: number | string | undefined, answer: string) =>
  status === 404 && !answer.includes('bucket does not exist');

/** Milliseconds for a call that moves no object's bytes, with its repeats and whatever is asked for credentials. */
const longest = 15_000;

/** There was no answer in time; the call may go on behind. */
export class Silent extends Error {}

/** What a call answers, waiting at most 15 seconds: then throws `Silent`. The client's library has no bound that holds. */
export const answered = <T>(call: Promise<T>): Promise<T> =>
  within(longest, call, () => new Silent(`no answer within ${longest / 1000} seconds`));

/** Whatever has answered does not speak as Cloud Storage does. */
export class Foreign extends Error {}

/** Runs a call; what it throws becomes a Fault, but for the absence of an object, which is undefined. */
export async function attempt<T>(doing: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await answered(run());
  } catch (error) {
    if (isAbsence(codeOf(error), String(error))) return undefined;
    throw storageFault(error, doing);
  }
}
