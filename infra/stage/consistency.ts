import type { Stage } from './schema.ts';

export function consistencyFaults(_stage: Stage): string[] {
  return [];
}
