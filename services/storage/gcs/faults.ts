import { Fault } from '../../errors.ts';

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

/** Runs a call; what it throws becomes a Fault, but for the absence of an object, which is undefined. */
export async function attempt<T>(doing: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (isAbsence(codeOf(error), String(error))) return undefined;
    throw storageFault(error, doing);
  }
}
