import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FixtureModule } from '../test/upstream/index.ts';
import { median } from './statistics.ts';

/** Milliseconds at the median, over so many versions that the server had never been asked for. */
export interface Cold {
  /** From the first GET of a zip to its last byte. */
  viaServer: number;
  /** The same version's info, mod and zip, straight from the upstream, one after the other. */
  direct: number;
  overhead: number;
  versions: number;
}

/** A pair a tenth of a second: slow enough that nobody's politeness to origins is measured instead. */
const pace = 100;

/** A new connection for every request, as `curl` makes. */
export async function measureCold(server: string, upstream: string, modules: readonly FixtureModule[]): Promise<Cold> {
  const viaServer: number[] = [];
  const direct: number[] = [];
  for (const { path, version } of modules) {
    const start = performance.now();
    const base = `/${path}/@v/${version}`;
    await get(`${server}${base}.zip`);
    viaServer.push(performance.now() - start);

    const startDirect = performance.now();
    for (const extension of ['info', 'mod', 'zip']) await get(`${upstream}${base}.${extension}`);
    direct.push(performance.now() - startDirect);
    await sleep(Math.max(0, pace - (performance.now() - start)));
  }
  const [a, b] = [median(viaServer), median(direct)];
  return { viaServer: a, direct: b, overhead: a - b, versions: modules.length };
}

/** The whole body; anything but 200 fails the bench. */
export function get(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, response => {
      response.toArray().then(chunks => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`${url} answered ${response.statusCode}: ${Buffer.concat(chunks).toString().trim()}`));
      }, reject);
    })
      .on('error', error => reject(new Error(`${url}: ${error.message}`, { cause: error })))
      .end();
  });
}
