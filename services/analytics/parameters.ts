import { Fault } from '../errors.ts';
import { type Days, type ParameterType, type Question, type QuestionName, questions } from './questions.ts';

/** What a question's parameter can be, so that every adapter refuses the same with the same sentence. */

/** Most modules that are asked for at once. */
const mostStrings = 10_000;
/** Most rows that are asked for at once. */
const mostRows = 1_000_000;
/** Longer than any module path that the go command takes. */
const longest = 1000;

/**
 * The parameters that are given, in the question's order, checked. Throws `invalid`, with a sentence that says what is
 * missing or wrong.
 */
export function checkParameters(name: QuestionName, parameters: object): Map<string, unknown> {
  const question: Question | undefined = Object.hasOwn(questions, name) ? questions[name] : undefined;
  if (question === undefined) throw new Fault('invalid', `there is no question ${JSON.stringify(name)}`);
  const values = new Map<string, unknown>(Object.entries(parameters));
  for (const key of values.keys()) {
    if (!Object.hasOwn(question.parameters, key)) throw new Fault('invalid', `the question ${name} takes no ${key}`);
  }
  const given = new Map<string, unknown>();
  for (const [key, { type, optional }] of Object.entries(question.parameters)) {
    const value = values.get(key);
    if (value === undefined && optional) continue;
    if (value === undefined) throw new Fault('invalid', `the question ${name} needs ${key}`);
    const expected = wrong(type, value);
    if (expected !== undefined) throw new Fault('invalid', `${key} must be ${expected}`);
    given.set(key, value);
  }
  inOrder(given, 'from', 'to');
  inOrder(given, 'before', 'from');
  return given;
}

/** Throws `invalid` unless these are two days in order. */
export function checkDays({ from, to }: Days): void {
  for (const [key, value] of Object.entries({ to, from })) {
    const expected = wrong('day', value);
    if (expected !== undefined) throw new Fault('invalid', `${key} must be ${expected}`);
  }
  inOrder(new Map(Object.entries({ from, to })), 'from', 'to');
}

function inOrder(given: ReadonlyMap<string, unknown>, first: string, second: string): void {
  const [one, other] = [given.get(first), given.get(second)];
  if (one === undefined || other === undefined || String(one) <= String(other)) return;
  throw new Fault('invalid', `${first} (${one}) must not be after ${second} (${other})`);
}

/** What it should be, when it is not. */
function wrong(type: ParameterType, value: unknown): string | undefined {
  const isText = (text: unknown) => typeof text === 'string' && text.length <= longest;
  switch (type) {
    case 'day':
      return isDay(value) ? undefined : 'a day such as 2026-11-30';
    case 'integer':
      return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= mostRows
        ? undefined
        : `a whole number from 1 to ${mostRows}`;
    case 'string':
      return isText(value) ? undefined : `a text of at most ${longest} characters`;
    case 'strings':
      return Array.isArray(value) && value.length <= mostStrings && value.every(isText)
        ? undefined
        : `a list of at most ${mostStrings} texts`;
  }
}

/** Whether it is written `YYYY-MM-DD` and in the calendar. */
function isDay(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
