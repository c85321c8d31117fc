import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { type Answer, fromBase64, type Oracle, type Question } from '../oracle/oracle.ts';

export const runs = 10_000;
const batch = 500;

/** What a function made of an input, in a form that can be compared. */
export type Outcome = { refused: true } | { value: unknown };

export interface Comparison<T> {
  inputs: fc.Arbitrary<T>;
  /** Our answer; throws `invalid` where Go returns an error. */
  ours(input: T): unknown;
  question(input: T): Question;
  /** Go's value in our form; base64 text unless said otherwise. */
  theirs?(value: unknown): unknown;
  /** Outcomes are all of one kind, so their mixture shows nothing about the inputs. */
  uniform?: boolean;
}

/**
 * Our function and Go's make the same of 10,000 inputs. They are asked about in batches; should one disagree, the same
 * seed is run again one by one, so that fast-check finds the smallest input and reports it. The inputs must be worth
 * asking about: at least two kinds of outcome, each of 2 % or more.
 */
export async function agree<T>(oracle: Oracle, comparison: Comparison<T>): Promise<void> {
  const { inputs, question, uniform = false } = comparison;
  const seed = Math.floor(Math.random() * 2 ** 31);
  const sample = fc.sample(inputs, { seed, numRuns: runs });
  const kinds = new Map<string, number>();
  for (let i = 0; i < sample.length; i += batch) {
    const part = sample.slice(i, i + batch);
    const answers = await oracle.ask(part.map(question));
    for (const [j, input] of part.entries()) {
      const ours = ourOutcome(comparison, input);
      const theirs = theirOutcome(comparison, answers[j]);
      if (!isDeepStrictEqual(ours, theirs)) return reportSmallest(oracle, comparison, seed, input);
      kinds.set(kind(ours), (kinds.get(kind(ours)) ?? 0) + 1);
    }
  }
  const common = [...kinds.values()].filter(count => count >= sample.length / 50).length;
  expect(uniform || common >= 2, `one-sided inputs: ${JSON.stringify([...kinds])}`).toBe(true);
}

async function reportSmallest<T>(oracle: Oracle, comparison: Comparison<T>, seed: number, input: T): Promise<void> {
  const property = fc.asyncProperty(comparison.inputs, async one => {
    const [answer] = await oracle.ask([comparison.question(one)]);
    expect(ourOutcome(comparison, one)).toEqual(theirOutcome(comparison, answer));
  });
  await fc.assert(property, { seed, numRuns: runs });
  throw new Error(`Go disagrees about ${fc.stringify(input)} (seed ${seed})`);
}

function ourOutcome<T>({ ours }: Comparison<T>, input: T): Outcome {
  try {
    return { value: ours(input) };
  } catch (error) {
    if (error instanceof Fault && error.kind === 'invalid') return { refused: true };
    throw error;
  }
}

function theirOutcome<T>({ theirs = fromBase64 }: Comparison<T>, answer: Answer | undefined): Outcome {
  if (answer?.e !== undefined) return { refused: true };
  return { value: answer?.v === undefined ? undefined : theirs(answer.v) };
}

function kind(outcome: Outcome): string {
  if ('refused' in outcome) return 'refused';
  const { value } = outcome;
  if (typeof value === 'string') return value === '' ? 'empty' : 'text';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `number ${Math.sign(value)}`;
  return 'value';
}

/** For values that JSON carries as they are. */
export const asIs = (value: unknown): unknown => value;
