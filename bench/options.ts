import { parseArgs } from 'node:util';
import { resources } from './resources.ts';

export interface Peer {
  name: string;
  url: string;
}

export interface Options {
  peers: Peer[];
  runs: number;
  seconds: number;
  connections: number;
  /** Names of resources, and `cold`; all when empty. */
  only: string[];
  upstreamPort: number;
  profile: boolean;
}

export const usage = `node bench/main.ts [options]

  --peer name=url      another GOPROXY on this machine, measured beside; may be repeated. It must fetch from the
                       bench's upstream, http://127.0.0.1:<upstream port>, and be pinned to core 0 by who starts it
  --runs 5             runs of each server on each resource, alternating; the median counts
  --seconds 5          length of a run, 10 at most
  --connections 32     kept open by the load generator
  --only info,zip-18k  resources: info, mod, list, zip-18k, zip-2m, cold
  --upstream-port 9311 where the bench's upstream listens
  --profile            a CPU profile of the service beside the results
`;

/** Throws a sentence for whoever typed it. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      peer: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '32' },
      only: { type: 'string', default: '' },
      'upstream-port': { type: 'string', default: '9311' },
      profile: { type: 'boolean', default: false },
    },
  });
  return {
    peers: values.peer.map(readPeer),
    runs: whole('runs', values.runs, 100),
    seconds: whole('seconds', values.seconds, 10),
    connections: whole('connections', values.connections, 1000),
    only: readNames(values.only),
    upstreamPort: whole('upstream-port', values['upstream-port'], 65_535),
    profile: values.profile,
  };
}

function readPeer(text: string): Peer {
  const [, name, url] = /^([\w.-]+)=(https?:\/\/.+?)\/*$/.exec(text) ?? [];
  if (name === undefined || url === undefined)
    throw new Error(`--peer ${text} must look like name=http://127.0.0.1:3000`);
  return { name, url };
}

function readNames(text: string): string[] {
  const known: string[] = [...resources.map(({ name }) => name), 'cold'];
  const names = text.split(',').filter(name => name !== '');
  const unknown = names.find(name => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown} must be one of ${known.join(', ')}`);
  return names;
}

function whole(option: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(`--${option} must be from 1 to ${max}`);
  return value;
}

/** The options of the command line; undefined when they are wrong, which has been said then. */
export function optionsGiven(say: (text: string) => void): Options | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    say(`${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}
