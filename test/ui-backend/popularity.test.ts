import pino from 'pino';
import { expect, test } from 'vitest';
import { createPopularity } from '../../services/ui-backend/popularity.ts';

test('the end does not wait for a question that hangs, and what it answers then is told to nobody', async () => {
  const { promise, resolve } = Promise.withResolvers<never[]>();
  let told = 0;
  const popularity = createPopularity({
    analytics: { ask: () => promise },
    catalogue: {
      setDownloads: async () => {
        told++;
      },
    },
    changed: () => told++,
    log: pino({ level: 'silent' }),
  });
  const telling = popularity.tell();
  await popularity.close();
  resolve([]);
  await telling;
  expect(told).toBe(0);
});
