import { Fault } from '../../errors.ts';
import { lacksCredentials, noCredentials } from '../../google.ts';

/** Codes of gRPC that are told apart (google.rpc.Code). */
export const rpc = {
  invalid: 3,
  deadline: 4,
  notFound: 5,
  denied: 7,
  exhausted: 8,
  unavailable: 14,
  unauthenticated: 16,
};

/** A failed write as a Fault that says what to do, without Google's own words, which name accounts; the cause has them. */
export function loggingFault(error: unknown, project: string): Fault {
  const { code } = (error ?? {}) as { code?: unknown };
  const because = (sentence: string) => new Fault('unavailable', sentence, { cause: error });
  if (lacksCredentials(error)) {
    return because(noCredentials);
  }
  switch (code) {
    case rpc.denied:
    case rpc.unauthenticated:
      return because(
        `the log downloads of project ${project} may not be written: enable the Cloud Logging API there, and grant this service’s identity roles/logging.logWriter`,
      );
    case rpc.notFound:
      return because(`there is no project ${project}: correct ANALYTICS`);
    case rpc.exhausted:
      return because(`Cloud Logging takes no more just now: the quota of project ${project} for writes is used up`);
    case rpc.deadline:
      return because('Cloud Logging does not answer in time');
    case rpc.unavailable:
      return because('Cloud Logging can’t be reached, or fails');
    case rpc.invalid:
      return because('Cloud Logging refuses entries of the download log; this is a defect of GoCenter');
    default:
      return because(`Cloud Logging fails (${typeof code === 'number' ? `gRPC status ${code}` : String(error)})`);
  }
}

/** Whether an operator has to do something about it, rather than wait. */
export function isPermanent(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  const permanent: unknown[] = [rpc.invalid, rpc.notFound, rpc.denied, rpc.unauthenticated];
  return permanent.includes(code) || lacksCredentials(error);
}
