import type { ServiceName } from './run.ts';

export const storeNames = ['published', 'quarantine', 'records'] as const;
export type StoreName = (typeof storeNames)[number];

/**
 * The stores that a service has to do with. It does not look at any other, not even to see whether it is there: on Google
 * Cloud it has no right to. The stack gives these and no more (infra/cloud/storage.ts).
 */
export const storesOf: Readonly<Record<ServiceName, readonly StoreName[]>> = {
  proxy: ['published', 'records'],
  processor: storeNames,
  validator: storeNames,
  discovery: ['published', 'records'],
  notifier: ['published', 'records'],
  'ui-backend': ['published', 'records'],
  ui: [],
};
