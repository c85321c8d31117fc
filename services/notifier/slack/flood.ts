import { digest } from '../notice.ts';
import type { Delivery } from '../outbox.ts';

/** Messages of one channel in one window: what is beyond them becomes one digest. */
const burst = 10;
/** Milliseconds. */
const window = 60_000;
/** Lines of a digest; the rest is counted. */
const lines = 20;

/** How much a channel may be told now. Remembered in memory: after a restart a window begins anew. */
export interface Flood {
  /** Messages that may be sent. */
  room(lane: string): number;
  /** When there is room again, in ms from now; 0 when there is. */
  wait(lane: string): number;
  sent(lane: string): void;
}

export function createFlood(now: () => Date): Flood {
  const times = new Map<string, number[]>();
  const recent = (lane: string) => {
    const oldest = now().getTime() - window;
    const left = (times.get(lane) ?? []).filter(time => time > oldest);
    if (left.length > 0) times.set(lane, left);
    else times.delete(lane);
    return left;
  };
  return {
    room: lane => burst - recent(lane).length,
    wait(lane) {
      const sent = recent(lane);
      const [first] = sent;
      return first === undefined || sent.length < burst ? 0 : first + window - now().getTime();
    },
    sent: lane => {
      times.set(lane, [...recent(lane), now().getTime()]);
    },
  };
}

/**
 * What to send, in order, so that it takes `room` messages at most: each by itself, or the last as a digest of all that
 * there is no room for. What was begun comes first, as it is: it may have been sent.
 */
export function plan(waiting: readonly Delivery[], room: number): Delivery[] {
  const isBegun = ({ covers, begun }: Delivery) => covers !== undefined || begun !== undefined;
  const begun = waiting.filter(isBegun);
  const covered = new Set(begun.flatMap(({ covers = [] }) => covers));
  const left = waiting.filter(delivery => !isBegun(delivery) && !covered.has(delivery.id));
  const free = room - begun.length;
  if (left.length <= free) return [...begun, ...left];
  if (free <= 0) return begun.slice(0, room);
  return [...begun, ...left.slice(0, free - 1), digestOf(left.slice(free - 1))];
}

function digestOf(deliveries: readonly Delivery[]): Delivery {
  const [first] = deliveries;
  if (first === undefined) throw new Error('a digest is of something');
  const covers = deliveries.map(({ id }) => id);
  const items = deliveries.slice(0, lines).map(({ notice: { level, title, link } }) => ({
    level,
    title,
    ...(link !== undefined && { link }),
  }));
  const { at } = first.notice;
  const more = deliveries.length > lines ? `; the first ${lines} of them` : '';
  const id = `digest ${digest(covers.join())}`;
  const notice = { id, type: 'digest', at, level: 'info', thread: id, text: '', data: {} } as const;
  return {
    id: `${first.id.split('-', 1)[0]}-${digest(id)}`,
    target: first.target,
    notice: { ...notice, title: `${deliveries.length} more notifications${more}`, items },
    attempts: 0,
    covers,
  };
}
