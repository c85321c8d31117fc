import { Counter, Gauge, type Registry } from 'prom-client';
import type { Asked } from './ask.ts';

export type Source = 'index' | 'tags' | 'requirements' | 'hook';
export type HookOutcome = 'asked' | 'nothing-new' | 'ignored' | 'unsigned' | 'refused' | 'invalid' | 'failed';

export interface DiscoveryStats {
  found(source: Source, result: Asked): void;
  hook(provider: string, outcome: HookOutcome): void;
  /** A feed was read to its end. */
  read(feed: string, at: Date): void;
}

export function createStats(registry: Registry): DiscoveryStats {
  const registers = [registry];
  const found = new Counter({
    name: 'gocenter_discovery_found_total',
    help: 'Versions found, by source.',
    labelNames: ['source'] as const,
    registers,
  });
  const asked = new Counter({
    name: 'gocenter_discovery_asked_total',
    help: 'Versions found and asked for, by source.',
    labelNames: ['source'] as const,
    registers,
  });
  const skipped = new Counter({
    name: 'gocenter_discovery_skipped_total',
    help: 'Versions found and not asked for, by source and reason.',
    labelNames: ['source', 'reason'] as const,
    registers,
  });
  const hooks = new Counter({
    name: 'gocenter_discovery_hooks_total',
    help: 'Webhooks received, by provider and outcome.',
    labelNames: ['provider', 'outcome'] as const,
    registers,
  });
  const read = new Gauge({
    name: 'gocenter_discovery_index_read_timestamp_seconds',
    help: 'When a feed was last read to its end.',
    labelNames: ['feed'] as const,
    registers,
  });
  return {
    found(source, result) {
      found.inc({ source });
      if (result === 'asked') asked.inc({ source });
      else skipped.inc({ source, reason: result });
    },
    hook: (provider, outcome) => hooks.inc({ provider, outcome }),
    read: (feed, at) => read.set({ feed }, at.getTime() / 1000),
  };
}
