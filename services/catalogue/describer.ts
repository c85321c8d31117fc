import type { Config } from '../config.ts';
import { createThread } from '../thread.ts';
import type { DescribeOrder, DescriberData } from './describe-worker.ts';
import type { VersionFacts } from './facts.ts';
import type { FactsOf } from './store.ts';

/** Milliseconds for one version; the largest take some seconds. */
const patience = 120_000;
/** Megabytes: one that needs more ends its thread, not the process. */
const memory = 512;

/**
 * Describes versions in a thread of its own, which reads the stores that STORAGE names itself: a module of thousands of
 * files, and the texts of all licences, hold up no request.
 */
export function createDescriber(config: Pick<Config, 'STORAGE' | 'DATA_DIR'>): {
  factsOf: FactsOf;
  close(): Promise<void>;
} {
  const { STORAGE, DATA_DIR } = config;
  const thread = createThread<DescribeOrder>({
    file: new URL('./describe-worker.ts', import.meta.url),
    data: { STORAGE, DATA_DIR } satisfies DescriberData,
    name: 'describing it',
    patience,
    limits: { maxOldGenerationSizeMb: memory },
  });
  return {
    factsOf: async target => (await thread.ask(target)) as VersionFacts | undefined,
    close: () => thread.close(),
  };
}
