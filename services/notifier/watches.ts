import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { asFault, Fault } from '../errors.ts';
import { readJson } from '../records/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import { digest, type Target } from './notice.ts';

/**
 * What people watch, in the records store:
 *
 *     notifier/watches/by-id/<id>.json              the watch; its id can't be guessed, and who knows it may end it
 *     notifier/watches/by-module/<digest>/<id>      empty; how a message finds it
 *     notifier/watches/by-search/<id>               empty
 *     notifier/watches/by-target/<digest>/<id>      empty; how many go to one target
 *     notifier/watches/by-owner/<digest>/<kind>-<id>  empty; how many one client has, by kind (module, search)
 *     notifier/watches/unconfirmed/<time>-<id>      empty; nothing was delivered yet, the oldest first
 *     notifier/watches/ended/<time>-<id>            empty; nothing is delivered any more, since then
 *     notifier/watches/salt                         what clients are hashed with: their addresses are not kept
 *     notifier/states/<id>.json                     how its deliveries went; written by who delivers
 *
 * Anybody may make watches, so each number has a bound, and where one is reached those to which nothing could be delivered yet
 * give way, the oldest first.
 */
export interface Watches {
  /** Throws `refused` when there are too many. */
  create(wanted: WantedWatch): Promise<Watch>;
  get(id: string): Promise<Watch | undefined>;
  /** False when there was none. */
  remove(id: string): Promise<boolean>;
  /** All, in no order. */
  list(): AsyncIterable<Watch>;

  ofModule(module: string): Promise<Watch[]>;
  /** All that watch a search. */
  searches(): Promise<Watch[]>;

  state(id: string): Promise<WatchState>;
  saveState(id: string, state: WatchState): Promise<void>;
  /** To be called when something was delivered for the first time: it stays until it is ended. */
  confirm(watch: Watch): Promise<void>;
  /** Tells it nothing more and counts it no more; it can be seen, with the reason, for a week. */
  disable(watch: Watch, reason: string): Promise<void>;
  /** Disables what nobody has confirmed in time, and removes what was disabled a week ago. */
  clean(): Promise<void>;
}

export interface WantedWatch {
  subject: { module: string } | { search: string };
  events: readonly WatchedEvent[];
  deliver: { webhook: string } | { slack: string };
  /** Name of the access token that asked, for private modules. */
  token: string | undefined;
  /** Who asked, as far as anybody knows: the name of a token, or an address. */
  client: string;
}

export const watchedEvents = ['published', 'rejected', 'vulnerability'] as const;
export type WatchedEvent = (typeof watchedEvents)[number];

export interface Watch extends Omit<WantedWatch, 'client'> {
  id: string;
  /** The same of all that one client has made, and tells nothing more. */
  owner: string;
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
/** How many watches there may be. */
const limits = {
  watches: 10_000,
  /** Each is compared with each version that is published. */
  searches: 1000,
  /** Of one Slack channel, or one host of webhooks, which may serve many people. */
  ofTarget: 1000,
  /** Of one client: of a network, or of a token, which a team may share. */
  ofAddress: 50,
  searchesOfAddress: 10,
  ofToken: 500,
  searchesOfToken: 100,
};
/** How long the number of all watches, and of those of searches, is taken for right while it is below its limit, in ms. */
const countedFor = 60_000;
/** Watches never change, so they are read once. */
const maxKept = 4000;

const day = 86_400_000;
/** In which something must have been delivered; Slack may be down over a weekend. */
const confirmedWithin = { webhook: day, slack: 3 * day } as const;
const shownFor = 7 * day;

export const targetOf = (watch: Watch): Target =>
  'slack' in watch.deliver
    ? { kind: 'slack', channel: watch.deliver.slack, watch: watch.id }
    : {
        kind: 'webhook',
        watch: watch.id,
        shares: [`host ${new URL(watch.deliver.webhook).hostname}`, `owner ${watch.owner}`],
      };

export function createWatches(deps: { records: Storage; now: () => Date; most?: Partial<typeof limits> }): Watches {
  const { records, now } = deps;
  const most = { ...limits, ...deps.most };
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
      if (found.length >= most.watches) break;
    }
    return found;
  }

  const timed = (folder: string, time: number, id: string) =>
    `${root}/${folder}/${String(time).padStart(13, '0')}-${id}`;
  const unconfirmedKey = ({ id, createdAt }: Watch) => timed('unconfirmed', Date.parse(createdAt), id);
  /** By which it is found and counted. */
  const indexes = (watch: Watch): string[] => {
    const { id, subject, deliver, owner } = watch;
    const kind = 'module' in subject ? 'module' : 'search';
    return [
      'module' in subject ? `${root}/by-module/${digest(subject.module)}/${id}` : `${root}/by-search/${id}`,
      `${root}/by-target/${digest(targetText(deliver))}/${id}`,
      `${root}/by-owner/${owner}/${kind}-${id}`,
      unconfirmedKey(watch),
    ];
  };

  let salt: Promise<Buffer> | undefined;
  async function readSalt(): Promise<Buffer> {
    const key = `${root}/salt`;
    await records.put(key, randomBytes(32), { ifAbsent: true }).catch(error => {
      if (asFault(error).kind !== 'conflict') throw error;
    });
    const found = await readObject(records, key, 32);
    if (found === undefined) throw new Fault('unavailable', 'the salt of watches was taken away; try again');
    return found;
  }
  async function ownerOf(client: string): Promise<string> {
    salt ??= readSalt().catch(error => {
      salt = undefined;
      throw error;
    });
    return createHmac('sha256', await salt)
      .update(client)
      .digest('hex')
      .slice(0, 24);
  }

  /** Of each folder of which everything is counted: to list it for each watch that is made would cost as much as there are. */
  const counts = new Map<'by-target/' | 'by-search/', { count: number; at: number }>();

  /** Throws as `makeRoom`. Other processes may make some more within a minute; at the limit all are counted anew. */
  async function makeRoomOfAll(prefix: 'by-target/' | 'by-search/', limit: number, sentence: string): Promise<void> {
    const time = now().getTime();
    const known = counts.get(prefix);
    if (known !== undefined && known.count < limit && Math.abs(time - known.at) < countedFor) {
      known.count++;
      return;
    }
    // The one that is about to be made is counted, too.
    counts.set(prefix, { count: (await makeRoom(prefix, limit, sentence)) + 1, at: time });
  }

  /**
   * Throws `refused` where `limit` watches have keys with this prefix and all of them have been confirmed. Returns how many
   * there are then.
   */
  async function makeRoom(prefix: string, limit: number, sentence: string): Promise<number> {
    const ids = new Set<string>();
    for await (const { key } of records.list(`${root}/${prefix}`)) ids.add(idIn(key));
    if (ids.size < limit) return ids.size;
    for await (const { key } of records.list(`${root}/unconfirmed/`)) {
      if (ids.has(idIn(key)) && (await remove(idIn(key)))) return ids.size - 1;
    }
    throw new Fault('refused', sentence);
  }

  async function makeRoomFor({ subject, deliver, token }: WantedWatch, owner: string): Promise<void> {
    const [who, its, itsSearches] =
      token === undefined
        ? ['address', most.ofAddress, most.searchesOfAddress]
        : ['token', most.ofToken, most.searchesOfToken];
    const ofOwner = `from your ${who} there are already`;
    await makeRoom(`by-owner/${owner}/`, its, `${ofOwner} ${its} watches; end some of them`);
    if ('search' in subject) {
      const sentence = `${ofOwner} ${itsSearches} watches of searches; watch a module, or end some`;
      await makeRoom(`by-owner/${owner}/search-`, itsSearches, sentence);
      await makeRoomOfAll('by-search/', most.searches, 'too many searches are watched; watch a module');
    }
    const target = targetText(deliver);
    const { ofTarget } = most;
    await makeRoom(`by-target/${digest(target)}/`, ofTarget, `${target} has ${ofTarget} watches already; end some`);
    await makeRoomOfAll('by-target/', most.watches, 'too many watches are kept here; an operator can end some');
  }

  async function remove(id: string): Promise<boolean> {
    const watch = await readJson<Watch>(records, keyOf(id));
    if (watch === undefined) return false;
    for (const key of indexes(watch)) await records.delete(key);
    await records.delete(keyOf(id));
    await records.delete(stateKey(id));
    kept.delete(id);
    return true;
  }

  const stateOf = async (id: string) =>
    (await readJson<WatchState>(records, stateKey(id))) ?? { confirmed: false, log: [] };
  async function saveState(id: string, state: WatchState): Promise<void> {
    await records.put(stateKey(id), Buffer.from(JSON.stringify({ ...state, log: state.log.slice(0, longestLog) })));
  }

  async function disable(watch: Watch, reason: string): Promise<void> {
    // First that it will be removed, so that it is whatever happens here.
    await records.put(timed('ended', now().getTime(), watch.id), Buffer.alloc(0));
    await saveState(watch.id, { ...(await stateOf(watch.id)), disabled: reason });
    for (const key of indexes(watch)) await records.delete(key);
  }

  async function expire(key: string, age: number): Promise<void> {
    const watch = await readJson<Watch>(records, keyOf(idIn(key)));
    if (watch === undefined || (await stateOf(watch.id)).confirmed) return records.delete(key);
    const within = confirmedWithin['slack' in watch.deliver ? 'slack' : 'webhook'];
    if (age >= within) await disable(watch, 'nothing could be delivered since it was made');
  }

  return {
    async create({ client, ...wanted }) {
      const owner = await ownerOf(client);
      await makeRoomFor({ client, ...wanted }, owner);
      const id = randomBytes(16).toString('hex');
      const secret = 'webhook' in wanted.deliver ? randomBytes(32).toString('base64url') : '';
      const watch: Watch = { ...wanted, id, owner, createdAt: now().toISOString(), secret };
      for (const key of indexes(watch)) await records.put(key, Buffer.alloc(0));
      await records.put(keyOf(id), Buffer.from(JSON.stringify(watch)));
      return watch;
    },
    // Another process may have ended it.
    get: id => readJson<Watch>(records, keyOf(id)),
    remove,
    async *list() {
      for await (const { key } of records.list(`${root}/by-id/`)) {
        const watch = await readJson<Watch>(records, key);
        if (watch !== undefined) yield watch;
      }
    },
    ofModule: module => under(`${root}/by-module/${digest(module)}/`),
    searches: () => under(`${root}/by-search/`),
    state: stateOf,
    saveState,
    confirm: watch => records.delete(unconfirmedKey(watch)),
    disable,
    async clean() {
      const time = now().getTime();
      for await (const { key } of records.list(`${root}/unconfirmed/`)) {
        const age = time - timeIn(key);
        if (age < Math.min(...Object.values(confirmedWithin))) break;
        await expire(key, age);
      }
      for await (const { key } of records.list(`${root}/ended/`)) {
        if (time - timeIn(key) < shownFor) break;
        await remove(idIn(key));
        await records.delete(key);
      }
    },
  };
}

const idIn = (key: string) => key.replace(/\.json$/, '').slice(-32);
/** Of `…/<time>-<id>`, in ms. */
const timeIn = (key: string) => Number(key.split('/').at(-1)?.split('-', 1)[0]);

const targetText = (deliver: WantedWatch['deliver']) =>
  'slack' in deliver ? deliver.slack : new URL(deliver.webhook).hostname;
