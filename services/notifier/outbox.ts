import { asFault, Fault } from '../errors.ts';
import { readJson } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import { digest, type Notice, type Target, targetKey } from './notice.ts';

/**
 * What is to be delivered, in the records store, so that it survives everything and any replica may add to it:
 *
 *     notifier/outbox/<lane>/<time>-<id>.json    what waits for one target, in the order in which it happened
 *     notifier/told/<time>-<id>                  what was delivered, or given up; remembered for two weeks
 *
 * The time is that of the event, so that a repeated message has the same key and is seen to be one.
 */
export interface Outbox {
  /** `late`: it happened so long ago that nobody remembers whether it was told. */
  add(notice: Notice, target: Target): Promise<'added' | 'known' | 'late'>;

  /**
   * By lane, the oldest first: 1000 of a Slack channel, 20 of a webhook. Of all lanes, which costs as much as there are; or of
   * those that are named, which costs as much as they have.
   */
  pending(lanes?: Iterable<string>): Promise<Map<string, Delivery[]>>;

  /** Keeps a delivery, in place of what was kept of it. */
  save(delivery: Delivery): Promise<void>;
  wasTold(delivery: Delivery): Promise<boolean>;
  /** Remembers that it was told, and takes it out. */
  done(delivery: Delivery): Promise<void>;
  /** Forgets what is too old to be repeated. */
  clean(): Promise<void>;
  /** Told the lane whenever something was added here; the other replicas look by themselves. */
  onAdded(listener: (lane: string) => void): void;
}

export interface Delivery {
  /** `<time>-<digest>` */
  id: string;
  target: Target;
  notice: Notice;
  /** Attempts that have failed. */
  attempts: number;
  /** The first attempt, RFC 3339. */
  since?: string;
  /** Not before, RFC 3339. */
  notBefore?: string;
  /** An attempt began then, RFC 3339, and how it ended is not known. */
  begun?: string;
  /** Ids of the deliveries that this one tells of in their place. */
  covers?: string[];
}

const root = 'notifier/outbox/';
const told = 'notifier/told/';

/** How long what was told is remembered, and so how late an event may be, in ms. */
const memory = 14 * 86_400_000;
/** Clocks differ by less, in ms. */
const mostAhead = 3_600_000;
/** Lanes that are looked at in one round. */
export const maxLanes = 10_000;

export const laneOf = (target: Target) => `${target.kind}-${digest(targetKey(target))}`;
/** Of a channel, all that a digest may take; of a webhook, what one visit sends. */
const mostOf = (lane: string) => (lane.startsWith('slack') ? 1000 : 20);

export function deliveryOf(notice: Notice, target: Target): Delivery {
  const id = `${String(Date.parse(notice.at)).padStart(13, '0')}-${digest(`${notice.id} ${targetKey(target)}`)}`;
  return { id, target, notice, attempts: 0 };
}

export function createOutbox({ records, now }: { records: Storage; now: () => Date }): Outbox {
  const listeners: ((lane: string) => void)[] = [];
  const read = new Map<string, { etag: string; delivery: Delivery }>();
  const keyOf = ({ id, target }: Delivery) => `${root}${laneOf(target)}/${id}.json`;
  const wasTold = async ({ id }: Delivery) => (await records.stat(told + id)) !== undefined;
  const put = (delivery: Delivery, ifAbsent: boolean) =>
    records.put(keyOf(delivery), Buffer.from(JSON.stringify(delivery)), { ifAbsent });

  async function load(key: string, etag: string): Promise<Delivery | undefined> {
    const known = read.get(key);
    if (known?.etag === etag) return known.delivery;
    const delivery = await readJson<Delivery>(records, key);
    if (delivery !== undefined) read.set(key, { etag, delivery });
    return delivery;
  }

  /** False when the lane has as many as are looked at. */
  async function take(lanes: Map<string, Delivery[]>, name: string, key: string, etag: string): Promise<boolean> {
    const found = lanes.get(name) ?? [];
    if (found.length >= mostOf(name)) return false;
    const delivery = await load(key, etag);
    if (delivery === undefined) return true;
    found.push(delivery);
    lanes.set(name, found);
    return true;
  }

  /** One listing, and another behind each lane of which not everything is looked at. */
  async function all(): Promise<Map<string, Delivery[]>> {
    const lanes = new Map<string, Delivery[]>();
    const seen = new Set<string>();
    let after: string | undefined = '';
    while (after !== undefined) {
      const from: string = after;
      after = undefined;
      for await (const { key, etag } of records.list(root, from === '' ? {} : { after: from })) {
        const name = key.slice(root.length).split('/', 1)[0] ?? '';
        if (lanes.size >= maxLanes && !lanes.has(name)) break;
        if (!(await take(lanes, name, key, etag))) {
          after = `${root}${name}/~`; // behind every time
          break;
        }
        seen.add(key);
      }
    }
    for (const key of read.keys()) if (!seen.has(key)) read.delete(key);
    return lanes;
  }

  return {
    async add(notice, target) {
      const delivery = deliveryOf(notice, target);
      const time = Date.parse(notice.at);
      if (!Number.isFinite(time) || time > now().getTime() + mostAhead) {
        throw new Fault('invalid', `${notice.id} says that it happened at ${notice.at}, which can't be`);
      }
      if (time < now().getTime() - memory) return 'late';
      if (await wasTold(delivery)) return 'known';
      try {
        const { created } = await put(delivery, true);
        if (!created) return 'known';
      } catch (error) {
        if (asFault(error).kind !== 'conflict') throw error;
        return 'known'; // it waits already, and has been tried
      }
      for (const listener of listeners) listener(laneOf(target));
      return 'added';
    },

    async pending(names) {
      if (names === undefined) return all();
      const lanes = new Map<string, Delivery[]>();
      for (const name of names) {
        for await (const { key, etag } of records.list(`${root}${name}/`)) {
          if (!(await take(lanes, name, key, etag))) break;
        }
      }
      return lanes;
    },

    async save(delivery) {
      await put(delivery, false);
    },
    wasTold,
    async done(delivery) {
      await records.put(told + delivery.id, Buffer.alloc(0));
      await records.delete(keyOf(delivery));
    },
    async clean() {
      const oldest = now().getTime() - memory - mostAhead;
      for await (const { key } of records.list(told)) {
        if (Number(key.slice(told.length).split('-', 1)[0]) >= oldest) break;
        await records.delete(key);
      }
    },
    onAdded(listener) {
      listeners.push(listener);
    },
  };
}
