import { moduleZip, startUpstream } from '../test/upstream/index.ts';
import { benchModules } from './resources.ts';

/** The upstream of everything that is measured, a process of its own: `node bench/upstream.ts <port> <run>`. */
const [port = '', run = ''] = process.argv.slice(2);
const modules = await Promise.all(benchModules(run).map(async module => ({ ...module, zip: await moduleZip(module) })));
const upstream = await startUpstream({ modules, port: Number(port) });
process.on('SIGTERM', () => upstream.close());
