import { Fault } from '../../errors.ts';

const timeouts = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'];

/** Longest pause that an origin may ask for by `Retry-After`, in seconds. */
const longestPause = 60;
const longestReason = 300;

/**
 * What went wrong on the wire, as a Fault. `begun`: the answer's head had come, so that its body was cut short or is
 * not what the head says; before that nothing is known but that the origin does not answer.
 */
export function wireFault(error: unknown, what: string, begun: boolean): Fault {
  if (error instanceof Fault) return error;
  const { code = '', name = '', message = '' } = error as { code?: string; name?: string; message?: string };
  const kind = timeouts.includes(code) || name === 'TimeoutError' ? 'timed-out' : begun ? 'bad-origin' : 'unavailable';
  if (kind === 'timed-out') return new Fault(kind, `${what} did not answer in time`, { cause: error });
  if (name === 'HTTPParserError')
    return new Fault('bad-origin', `${what} gave an answer that is not HTTP`, { cause: error });
  const reason = code || message || 'no reason given';
  return new Fault(
    kind,
    begun ? `the answer of ${what} was cut short (${reason})` : `${what} does not answer (${reason})`,
    {
      cause: error,
    },
  );
}

/**
 * The fault that a status other than 200 means. `text` is the beginning of the answer's body, `retryAfter` its header.
 * 401 and 403 say only that this origin refuses us: a fault for now, never a verdict on the version.
 */
export function statusFault(status: number, what: string, text: string, retryAfter: string | undefined): Fault {
  const told = reasonIn(text);
  const because = told === '' ? '' : `: ${told}`;
  const pause = pauseIn(retryAfter);
  const options = pause === undefined ? {} : { retryAfter: pause };
  if (status === 404) return new Fault('not-found', told === '' ? `${what} has it not` : told);
  if (status === 410) return new Fault('gone', told === '' ? `${what} has withdrawn it` : told);
  if (status === 401 || status === 403)
    return new Fault('refused', `${what} refuses us with status ${status}${because}`);
  if (status === 508) return new Fault('loop', `${what} says that this request has come through it before`);
  if (status === 408 || status === 504)
    return new Fault('timed-out', `${what} says that it timed out${because}`, options);
  if (status === 429 || status >= 500) return new Fault('unavailable', `${what} answers ${status}${because}`, options);
  return new Fault('bad-origin', `${what} answers ${status}, which means nothing here${because}`);
}

/** The first line of an error's text, without the word for its kind that GOPROXYs begin with; never HTML. */
function reasonIn(text: string): string {
  const line = text.replace(/^\s+/, '').split(/[\r\n]/, 1)[0] ?? '';
  if (line.startsWith('<') || line.startsWith('{')) return '';
  const plain = line
    .replaceAll(/[^\P{C} ]/gu, '')
    .replace(/^(not found|gone|refused|forbidden|unavailable|timed out): /i, '');
  return plain.trim().slice(0, longestReason);
}

/** Seconds of a `Retry-After` header (RFC 9110, 10.2.3), between 1 and a minute. */
function pauseIn(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(longestPause, Math.max(1, Math.ceil(seconds)));
}
