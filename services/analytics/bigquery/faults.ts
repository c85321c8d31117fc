import { Fault } from '../../errors.ts';
import { lacksCredentials, noCredentials } from '../../google.ts';

interface ApiError {
  /** The HTTP status, or the network's code. */
  code?: unknown;
  errors?: ({ reason?: string; message?: string } | null)[];
}

/** Seconds after which what passes may have passed. */
const retryAfter = 5;

/**
 * A failed call as a Fault that says what to do, without Google's own words, which name accounts; the cause has them. What
 * may pass by itself has a `retryAfter`.
 */
export function bigqueryFault(error: unknown, place: string): Fault {
  if (error instanceof Fault) return error;
  const { code, errors = [] } = (error ?? {}) as ApiError;
  const reasons = errors.map(error => String(error?.reason ?? ''));
  const has = (status: number, reason: string) => code === status || reasons.includes(reason);
  const lasting = (sentence: string) => new Fault('unavailable', sentence, { cause: error });
  const passing = (sentence: string) => new Fault('unavailable', sentence, { cause: error, retryAfter });

  if (reasons.includes('bytesBilledLimitExceeded')) {
    const sentence = 'that would read more of the downloads than is allowed at once; ask of fewer days';
    return new Fault('invalid', sentence, { cause: error });
  }
  if (lacksCredentials(error)) {
    return lasting(noCredentials);
  }
  if (reasons.includes('quotaExceeded')) return passing('the quota of BigQuery is used up; ask again later');
  if (code === 429 || reasons.some(reason => /rateLimit/i.test(reason))) {
    return passing('BigQuery is asked too much just now; ask again in a moment');
  }
  if (has(404, 'notFound')) {
    return lasting(
      `${place}, or a table of it, is not there: bring up the stack of this release, or correct ANALYTICS`,
    );
  }
  if (has(403, 'accessDenied') || code === 401) {
    return lasting(
      `${place} may not be asked: grant this service’s identity roles/bigquery.dataViewer on the dataset and roles/bigquery.jobUser on the project`,
    );
  }
  if (has(400, 'invalidQuery')) {
    return lasting(`BigQuery refuses the question: is ${place} as the stack of this release declares it?`);
  }
  if (reasons.includes('stopped') || /timed? ?out|ESOCKETTIMEDOUT/i.test(`${String(code)} ${String(error)}`)) {
    return passing('BigQuery does not answer in time');
  }
  if (code === 'malformed') {
    return passing('what answers is not BigQuery, or answers half: look at what stands between');
  }
  return passing(
    `BigQuery can’t be asked (${typeof code === 'number' ? `HTTP status ${code}` : String(code ?? 'no answer')})`,
  );
}

/** A failed export: as `bigqueryFault` has it, unless it is about where it was to be written. */
export function exportFault(fault: unknown, target: string): unknown {
  const { cause } = (fault ?? {}) as { cause?: unknown };
  const { code, errors = [] } = (cause ?? {}) as ApiError;
  const words = [String(cause), ...errors.map(error => error?.message)].join(' ');
  const failed = (status: number, reason: string) => code === status || errors.some(error => error?.reason === reason);
  if (/already exist|not empty/i.test(words)) return new Fault('conflict', `${target} is there already`, { cause });
  // BigQuery says the same of its own tables, datasets and projects, and names their kind then.
  if (!/gs:\/\/|storage[.]|bucket/i.test(words) && /\b(?:table|dataset|project|job|view)\b/i.test(words)) return fault;
  if (failed(404, 'notFound')) {
    const sentence = `the bucket of ${target} is not there: make it in the location of the dataset, or name another`;
    return new Fault('unavailable', sentence, { cause });
  }
  if (failed(403, 'accessDenied')) {
    const sentence = `${target} may not be written: grant the identity that exports roles/storage.objectAdmin on its bucket`;
    return new Fault('unavailable', sentence, { cause });
  }
  return fault;
}
