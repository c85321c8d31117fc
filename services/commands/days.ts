import { checkDays } from '../analytics/parameters.ts';
import type { Days } from '../analytics/questions.ts';
import { misused } from './command.ts';

/** The days that a command is about, from its options `--from`, `--to` and `--days`. */
export const daysOptions = {
  from: { type: 'string' },
  to: { type: 'string' },
  days: { type: 'string' },
} as const;

const dayLength = 86_400_000;
/** A hundred years. */
const mostDays = 36_525;

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** So many days before this day. */
export const daysBefore = (day: string, count: number): string => dayOf(Date.parse(day) - count * dayLength);

/** How many days that is, both ends included. */
export const lengthOf = ({ from, to }: Days): number => (Date.parse(to) - Date.parse(from)) / dayLength + 1;

/**
 * `--from` to `--to`, which is today by default, or the last `--days` until then; `usual` when neither `--from` nor
 * `--days` is given. Throws `invalid` for what can't be.
 */
export function daysOf(
  given: Readonly<Record<string, string | boolean | undefined>>,
  now: Date,
  usual: number | undefined,
): Days {
  const to = String(given.to ?? dayOf(now.getTime()));
  if (given.from !== undefined && given.days !== undefined) throw misused('give --from or --days, not both');
  if (given.from === undefined && given.days === undefined && usual === undefined) {
    throw misused('which days? give --from and --to, or --days');
  }
  checkDays({ from: to, to });
  if (given.from !== undefined) {
    const days = { from: String(given.from), to };
    checkDays(days);
    return days;
  }
  const count = Number(given.days ?? usual);
  if (!Number.isInteger(count) || count < 1 || count > mostDays) {
    throw misused(`--days must be a whole number from 1 to ${mostDays}`);
  }
  return { from: daysBefore(to, count - 1), to };
}
