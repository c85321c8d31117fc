import { expect, test } from 'vitest';
import type { Messaging } from '../../services/messaging/index.ts';
import type { Storage } from '../../services/storage/index.ts';
import type { View } from '../../services/ui-backend/answers/handlers.ts';
import { createStatusAnswer } from '../../services/ui-backend/answers/status.ts';

/** The status with so many messages given up by the processor and the validator. */
async function statusOf(options: { processor?: number; validator?: number; age?: number; works?: boolean }) {
  const { age = 0, works = true } = options;
  const status = createStatusAnswer({
    checks: () => ({
      catalogue: async () => undefined,
      published: async () => (works ? undefined : Promise.reject(new Error('/secret/path'))),
    }),
    messaging: {
      backlog: async (name: string) => ({
        ...{ depth: 0, oldestAge: name === 'processor' ? age : 0 },
        dead: (options as Record<string, number>)[name] ?? 0,
      }),
    } as unknown as Messaging,
    records: { async *list() {} } as unknown as Storage,
    fetches: undefined,
    objectives: async () => [],
    now: () => new Date('2026-03-01T00:00:00Z'),
  });
  const { state, summary } = await status({}, { reader: { maySee: () => true } } as unknown as View);
  return { state, summary };
}

test('the status is well when nothing is down, late or given up', async () => {
  expect(await statusOf({})).toEqual({ state: 'ok', summary: 'Everything works.' });
});

test('messages that were given up are a degraded state, with how many, where, and what to do', async () => {
  const { state, summary } = await statusOf({ processor: 20, validator: 5 });
  expect(state).toBe('degraded');
  expect(summary).toMatch(
    /^25 messages were given up \(processor 20, validator 5\): .*`npm start dead-letters`.*replay/,
  );
  expect((await statusOf({ processor: 1 })).summary).toMatch(/^1 message was given up \(processor 1\)/);
});

test('several faults are all told, the worst first', async () => {
  const { state, summary } = await statusOf({ processor: 1, age: 400, works: false });
  expect(state).toBe('degraded');
  expect(summary).toMatch(/^Not working: published\. 1 message was given up .* Slower than usual: processor\.$/);
});
