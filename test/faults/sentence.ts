import { expect } from 'vitest';
import { type FaultKind, statusOf } from '../../services/errors.ts';
import type { Answer } from './client.ts';

/** An answer that tells a person, in one line, what is wrong, and the go command whether to go on. */
export function expectSentence(answer: Answer, kind: FaultKind, says: RegExp): void {
  const text = answer.text.slice(0, 600);
  expect([answer.status, text]).toEqual([statusOf[kind], expect.stringMatching(says)]);
  expect(text).toMatch(/^[a-z][^\n<>]{10,500}\n$/);
  expect(text).not.toMatch(/gocenter-|DATA_DIR|node:/); // nothing of the machine
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  if (answer.status >= 500) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  if (answer.status >= 500) expect(answer.headers.get('cache-control')).toBe('no-store');
}
