import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nginxConfig } from './nginx.ts';
import { type Running, run } from './process.ts';
import { resources } from './resources.ts';
import { freePort, loadCore, pinned, serverCore, type Tool } from './tools.ts';

/** Something that answers GOPROXY requests. */
export interface Server {
  name: string;
  url: string;
  /** Of the process whose memory counts; peers are started by others. */
  pid?: number;
}

export interface Place {
  /** A temporary folder, on the disk that everything is served from. */
  folder: string;
  tools: Partial<Record<Tool, string>>;
}

const beside = (file: string) => join(import.meta.dirname, file);

export async function startBenchUpstream({ folder, tools }: Place, port: number, runName: string): Promise<Running> {
  await freePort(port); // or another's answers would be taken for ours
  const command = pinned(tools.taskset, loadCore, process.execPath, [beside('upstream.ts'), String(port), runName]);
  return run(command, { log: join(folder, 'upstream.log'), ready: `http://127.0.0.1:${port}${resources[0].path}` });
}

/** What a service has of its own, to be measured beside another. */
export interface Variant {
  name?: string;
  env?: NodeJS.ProcessEnv;
  /** A module that is loaded before it. */
  preload?: string;
}

/** The services that bring modules, in one process, with logs and metrics on, the rate limit on but out of reach. */
export async function startService(
  { folder, tools }: Place,
  upstream: string,
  profile: string | undefined,
  { name = 'gocenter', env = {}, preload }: Variant = {},
) {
  const [port, adminPort, originPort] = [await freePort(), await freePort(), await freePort()];
  const flags = [
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    ...(preload === undefined ? [] : ['--import', preload]),
  ];
  const service = await run(
    pinned(tools.taskset, serverCore, process.execPath, [
      ...flags,
      beside('../services/main.ts'),
      'proxy',
      'processor',
      'validator',
    ]),
    {
      log: join(folder, 'service.log'),
      ready: `http://127.0.0.1:${adminPort}/readyz`,
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        ADMIN_PORT: String(adminPort),
        API_PORT: '0',
        DISCOVERY_PORT: '0',
        UI_PORT: '0',
        NOTIFIER_PORT: '0',
        ORIGIN_PORT: String(originPort),
        DATA_DIR: join(folder, 'data'),
        UPSTREAM: upstream,
        ALLOW_PRIVATE_ORIGINS: '127.0.0.1',
        SUMDB: 'off',
        RATE_LIMIT: '10000000',
        ...env,
      },
    },
  );
  const admin = `http://127.0.0.1:${adminPort}`;
  return { name, url: `http://127.0.0.1:${port}`, admin, pid: service.pid, running: service };
}

/**
 * nginx on the service's own published folder. A list is no file there, so it serves a copy of what the service
 * answers: the best that a static server could do.
 */
export async function startNginx({ folder, tools }: Place, listPath: string, list: Buffer) {
  if (tools.nginx === undefined) return undefined;
  const lists = join(folder, 'lists');
  mkdirSync(dirname(join(lists, listPath)), { recursive: true });
  writeFileSync(join(lists, listPath), list);
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, nginxConfig({ port, folder, published: join(folder, 'data', 'published'), lists }));
  const nginx = await run(
    pinned(tools.taskset, serverCore, tools.nginx, ['-p', folder, '-c', config, '-e', join(folder, 'nginx-error.log')]),
    {
      log: join(folder, 'nginx.log'),
      ready: `http://127.0.0.1:${port}/`,
    },
  );
  return { name: 'nginx', url: `http://127.0.0.1:${port}`, running: nginx };
}
