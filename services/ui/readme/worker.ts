import { parentPort } from 'node:worker_threads';
import { type Readme, renderReadme } from './markdown.ts';

/** Undefined tells of a text that can't be rendered; it is shown as it is. */
export type Said = { ready: true } | { markup: string | undefined };

const say = (said: Said) => parentPort?.postMessage(said);

parentPort?.on('message', (readme: Readme) => {
  let markup: string | undefined;
  try {
    markup = renderReadme(readme);
  } catch {}
  say({ markup });
});
say({ ready: true });
