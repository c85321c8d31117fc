/** The kinds of fault that the services know. A kind decides the HTTP status and nothing else does. */
export type FaultKind =
  | 'invalid' // the request is malformed: a path, an escape, a version, a parameter
  | 'too-large' // the body of the request is larger than is taken
  | 'method' // the method is not GET or HEAD
  | 'unauthorized' // credentials are missing or wrong
  | 'not-found' // it does not exist, as far as anybody can tell; the only kind that is 404
  | 'gone' // it existed and was withdrawn at its origin
  | 'refused' // it must not be used: a rule, a list, a token without the right
  | 'conflict' // other bytes are already kept under that name
  | 'rate-limited' // too many requests from this client
  | 'loop' // the request has come through this repository before
  | 'timed-out' // nobody answered in time; says nothing about existence
  | 'unavailable' // a dependency or an origin fails for now
  | 'bad-origin' // an origin answered with something that can't be right
  | 'security' // a proof failed: forged, forked or changed content
  | 'internal'; // a defect of ours

/** The one table from kind to HTTP status. With `GOPROXY=a,b` the go command moves on after 404 and 410 only. */
export const statusOf: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  'too-large': 413,
  method: 405,
  unauthorized: 401,
  'not-found': 404,
  gone: 410,
  refused: 403,
  conflict: 409,
  'rate-limited': 429,
  loop: 508,
  'timed-out': 504,
  unavailable: 503,
  'bad-origin': 502,
  security: 502,
  internal: 500,
};

export interface FaultOptions extends ErrorOptions {
  /** Name of the validator rule that refused, in kebab-case. */
  rule?: string;
  /** Seconds after which trying again makes sense. */
  retryAfter?: number;
}

/** An error with a kind and one sentence, without line breaks, that a person can act on. */
export class Fault extends Error {
  readonly kind: FaultKind;
  readonly rule: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message.replaceAll(/\s*[\r\n]+\s*/g, ' '), options);
    this.name = 'Fault';
    this.kind = kind;
    this.rule = options.rule;
    this.retryAfter = options.retryAfter;
  }
}

/** What was thrown, as a Fault: anything that is not one yet is `internal`. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Whether the same question may be answered differently later without anybody changing anything here. */
export function isTransient(fault: Fault): boolean {
  return fault.kind === 'timed-out' || fault.kind === 'unavailable' || fault.kind === 'rate-limited';
}
