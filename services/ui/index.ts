import type { FastifyInstance } from 'fastify';
import { type AppDeps, createApp } from './app.ts';
import { createReadmeRenderer } from './readme/index.ts';

export { passToApp, passToUrl } from './pass-on.ts';

export interface UiDeps extends Omit<AppDeps, 'readmes'> {
  /** Bytes of rendered READMEs to keep. */
  readmeBytes?: number;
}

/** The pages. Not listening yet; `close` waits for what is under way. */
export async function createUi({ readmeBytes = 32 << 20, ...deps }: UiDeps): Promise<FastifyInstance> {
  return createApp({ ...deps, readmes: createReadmeRenderer({ maxBytes: readmeBytes }) });
}
