import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Fault } from '../errors.ts';
import { readJson } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import { digest, type Target } from './notice.ts';

/**
 * What people watch, in the records store:
 *
 *     notifier/watches/by-id/<id>.json              the watch; its id can't be guessed, and who knows it may end it
 *     notifier/watches/by-module/<digest>/<id>      empty; how a message finds it
 *     notifier/watches/by-search/<id>               empty
 *     notifier/watches/by-target/<digest>/<id>      empty; how many go to one target
 *     notifier/states/<id>.json                     how its deliveries went; written by who delivers
 */
export interface Watches {
  /** Throws `refused` when there are too many. */
  create(wanted: WantedWatch): Promise<Watch>;
  get(id: string): Promise<Watch | undefined>;
  /** False when there was none. */
  remove(id: string): Promise<boolean>;

  ofModule(module: string): Promise<Watch[]>;
  /** All that watch a search. */
  searches(): Promise<Watch[]>;

  state(id: string): Promise<WatchState>;
  saveState(id: string, state: WatchState): Promise<void>;
}

export interface WantedWatch {
  subject: { module: string } | { search: string };
  events: readonly WatchedEvent[];
  deliver: { webhook: string } | { slack: string };
  /** Name of the access token that asked, for private modules. */
  token: string | undefined;
}

export const watchedEvents = ['published', 'rejected', 'vulnerability'] as const;
export type WatchedEvent = (typeof watchedEvents)[number];

export interface Watch extends WantedWatch {
  id: string;
  createdAt: string;
  /** Signs what a webhook is given; empty for Slack. */
  secret: string;
}

/** How deliveries to a watch went; of its Slack channel, when that is what it has. */
export interface WatchState {
  /** Something was delivered: the target is there and takes it. */
  confirmed: boolean;
  /** Since when every attempt has failed, RFC 3339. */
  failingSince?: string;
  /** Why nothing is delivered any more. */
  disabled?: string;
  /** The last attempts, newest first. */
  log: Attempt[];
}

export interface Attempt {
  delivery: string;
  type: string;
  title: string;
  at: string;
  outcome: 'delivered' | 'retried' | 'failed';
  /** HTTP status; null when there was no answer. */
  status: number | null;
  message: string;
}

export const longestLog = 50;

/** Where the notifier writes whether Slack is set up, `{slack: boolean}`, for who makes watches. */
export const aboutKey = 'notifier/about.json';

const root = 'notifier/watches';
const mostWatches = 10_000;
const mostSearches = 500;
const mostOfTarget = 100;
/** Watches never change, so they are read once. */
const maxKept = 2000;

export const targetOf = (watch: Watch): Target =>
  'slack' in watch.deliver
    ? { kind: 'slack', channel: watch.deliver.slack, watch: watch.id }
    : { kind: 'webhook', watch: watch.id, shares: [`host ${new URL(watch.deliver.webhook).hostname}`] };

export function createWatches({ records, now }: { records: Storage; now: () => Date }): Watches {
  const kept = new LRUCache<string, Watch>({ max: maxKept });
  const keyOf = (id: string) => `${root}/by-id/${id}.json`;
  const stateKey = (id: string) => `notifier/states/${id}.json`;

  async function read(id: string): Promise<Watch | undefined> {
    const known = kept.get(id);
    if (known !== undefined) return known;
    const watch = await readJson<Watch>(records, keyOf(id));
    if (watch !== undefined) kept.set(id, watch);
    return watch;
  }

  async function under(prefix: string): Promise<Watch[]> {
    const found: Watch[] = [];
    for await (const { key } of records.list(prefix)) {
      const watch = await read(key.slice(prefix.length));
      if (watch !== undefined) found.push(watch);
      if (found.length >= mostWatches) break;
    }
    return found;
  }

  const indexes = ({ id, subject, deliver }: Watch): string[] => [
    'module' in subject ? `${root}/by-module/${digest(subject.module)}/${id}` : `${root}/by-search/${id}`,
    `${root}/by-target/${digest(targetText(deliver))}/${id}`,
  ];

  async function checkRoom({ subject, deliver }: WantedWatch): Promise<void> {
    const full = async (prefix: string, most: number, sentence: string) => {
      let count = 0;
      for await (const _ of records.list(prefix)) if (++count >= most) throw new Fault('refused', sentence);
    };
    const target = `${root}/by-target/${digest(targetText(deliver))}/`;
    await full(target, mostOfTarget, `${targetText(deliver)} has ${mostOfTarget} watches already; end some of them`);
    if ('search' in subject)
      await full(`${root}/by-search/`, mostSearches, 'too many searches are watched; watch a module');
    await full(`${root}/by-id/`, mostWatches, 'too many watches are kept here; an operator can end some');
  }

  return {
    async create(wanted) {
      await checkRoom(wanted);
      const id = randomBytes(16).toString('hex');
      const secret = 'webhook' in wanted.deliver ? randomBytes(32).toString('base64url') : '';
      const watch: Watch = { ...wanted, id, createdAt: now().toISOString(), secret };
      for (const key of indexes(watch)) await records.put(key, Buffer.alloc(0));
      await records.put(keyOf(id), Buffer.from(JSON.stringify(watch)));
      return watch;
    },
    // Another process may have ended it.
    get: id => readJson<Watch>(records, keyOf(id)),
    async remove(id) {
      const watch = await readJson<Watch>(records, keyOf(id));
      if (watch === undefined) return false;
      for (const key of indexes(watch)) await records.delete(key);
      await records.delete(keyOf(id));
      await records.delete(stateKey(id));
      kept.delete(id);
      return true;
    },
    ofModule: module => under(`${root}/by-module/${digest(module)}/`),
    searches: () => under(`${root}/by-search/`),
    state: async id => (await readJson<WatchState>(records, stateKey(id))) ?? { confirmed: false, log: [] },
    async saveState(id, state) {
      await records.put(stateKey(id), Buffer.from(JSON.stringify({ ...state, log: state.log.slice(0, longestLog) })));
    },
  };
}

const targetText = (deliver: WantedWatch['deliver']) =>
  'slack' in deliver ? deliver.slack : new URL(deliver.webhook).hostname;
