import { expect, test } from 'vitest';
import { createMetrics } from '../../services/metrics.ts';
import { createFetchCounter } from '../../services/processor/counts.ts';

test('hosts that get a label of their own are bounded, the rest is counted together', async () => {
  const metrics = createMetrics();
  const count = createFetchCounter(metrics);
  for (let i = 0; i < 1000; i++) count(`host-${i}.example`, 'ok');
  count('host-0.example', 'ok');
  const { values } = await metrics.fetches.get();
  expect(values).toHaveLength(201);
  expect(values.find(({ labels }) => labels.host === 'other')?.value).toBe(800);
  expect(values.find(({ labels }) => labels.host === 'host-0.example')?.value).toBe(2);
});
