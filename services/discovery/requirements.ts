import { parseModFile } from '../gomod/modfile.ts';
import type { Handler } from '../messaging/index.ts';
import type { Message } from '../messaging/topics.ts';
import { versionKey } from '../records/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import type { Asker } from './ask.ts';
import type { Repositories } from './repositories.ts';

const modLimit = 16 << 20;
const infoLimit = 1 << 20;

/**
 * Handles `module.published`: remembers which repository the module is of, and asks for its requirements, in turn as far
 * as REQUIREMENTS_DEPTH. A repeat asks for nothing that is here already.
 */
export function createPublishedHandler(deps: {
  published: Storage;
  repositories: Repositories;
  asker: Pick<Asker, 'ask'>;
  depth: number;
  closing: AbortSignal;
}): Handler<Message<'module.published'>> {
  const { published, repositories, asker, closing } = deps;
  return async ({ module, version, depth = 0 }, delivery) => {
    const key = versionKey(module, version);
    const info = await readObject(published, `${key}.info`, infoLimit);
    if (info !== undefined) await repositories.remember(module, info);
    if (depth >= deps.depth) return;
    const bytes = await readObject(published, `${key}.mod`, modLimit);
    if (bytes === undefined) return;
    const signal = AbortSignal.any([delivery.signal, closing]);
    for (const required of parseModFile('go.mod', bytes, { lax: true }).require) {
      const target = { module: required.path, version: required.version };
      await asker.ask(target, { source: 'requirements', depth: depth + 1, signal });
    }
  };
}
