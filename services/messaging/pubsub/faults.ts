import { Fault } from '../../errors.ts';

/** Codes of gRPC that are told apart (google.rpc.Code). */
export const rpc = {
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const names: Readonly<Record<number, string>> = {
  4: 'no answer in time',
  5: 'the topic or subscription is gone',
  7: 'this service lacks the right',
  8: 'too many requests',
  14: 'it can’t be reached',
  16: 'its credentials are not accepted',
};

/** The gRPC code that a call failed with; undefined when it is no failure of a call. */
export function codeOf(error: unknown): number | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === rpc.deadlineExceeded && lastOfRepeats.test(String(error))) return rpc.unavailable;
  return typeof code === 'number' ? code : undefined;
}

/** In the words of the client's library, which reports the end of its repeats as a deadline, whatever they failed with. */
const lastOfRepeats = /retrying error Error: 14 UNAVAILABLE/;

/** A failed call as a Fault, without Google's own words, which name projects and accounts; the log has the cause. */
export function queueFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  const code = codeOf(error);
  const reason = names[code ?? -1] ?? (code === undefined ? 'it can’t be used' : `gRPC status ${code}`);
  return new Fault('unavailable', `the queue failed while ${doing}: ${reason}`, { cause: error });
}

/** Runs a call; what it throws becomes a Fault. */
export async function attempt<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw queueFault(error, doing);
  }
}
