import { readJson } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Level, Notice } from './notice.ts';

/** Something that is wrong now, as whoever looks sees it. */
export interface Problem {
  /** The same problem has the same key. */
  key: string;
  level: Level;
  title: string;
  text: string;
  /** When it has become worse, so that it is told again: another mark. */
  mark?: string;
  /** Instead of the operators' channel. */
  channel?: string | undefined;
  /** Asked for when it is told, once: it may cost something. */
  log?: () => Promise<string>;
}

/** `channel` undefined: the operators'. */
export type Tell = (notice: Notice, channel?: string) => Promise<void>;

interface Incident {
  openedAt: string;
  title: string;
  /** Last seen, RFC 3339. */
  seen: string;
  mark: string;
  /** When it had that mark first: repeats of what is told have the same time. */
  markedAt: string;
  channel?: string | undefined;
  /** The mark that was told. */
  told?: string;
}

/** A problem that comes back within this time was not gone, in ms. */
const rest = 60_000;
const maxOpen = 1000;
/** Milliseconds between two times that only `seen` is written. */
const refresh = 30_000;

/**
 * Problems with a beginning and an end: each is told once when it begins, again when it gets worse, and when it is over,
 * in one thread. What is open is kept in `notifier/incidents/<name>.json`, so a restart tells nothing twice.
 */
export function createIncidents(deps: { name: string; records: Storage; tell: Tell; now: () => Date }) {
  const { name, records, tell, now } = deps;
  const key = `notifier/incidents/${name}.json`;

  const noticeOf = (
    id: string,
    { openedAt }: Incident,
    what: Pick<Notice, 'at' | 'level' | 'title' | 'text'>,
    kind: string,
  ): Notice => ({
    ...what,
    id: `${name} ${id} ${openedAt} ${kind}`,
    type: `${name}.${kind === 'over' ? 'recovered' : 'failing'}`,
    thread: `${name} ${id} ${openedAt}`,
    data: { incident: id, openedAt },
  });

  return {
    /** `problems` are all that there are now. */
    async reconcile(problems: readonly Problem[]): Promise<void> {
      const open = new Map(Object.entries((await readJson<Record<string, Incident>>(records, key)) ?? {}));
      const time = now();
      const at = time.toISOString();
      let changed = false;
      const save = async () => records.put(key, Buffer.from(JSON.stringify(Object.fromEntries(open))));

      for (const { key: id, title, mark = '', channel } of problems) {
        const known = open.get(id);
        if (known === undefined && open.size >= maxOpen) continue;
        const isStale = known === undefined || time.getTime() - Date.parse(known.seen) > refresh;
        if (!isStale && known.mark === mark) continue;
        const markedAt = known?.mark === mark ? known.markedAt : at;
        const its = channel === undefined ? {} : { channel };
        open.set(id, { openedAt: at, ...known, title, mark, markedAt, seen: at, ...its });
        changed = true;
      }
      // First written, then told: after a crash the same is told again, which the outbox knows.
      if (changed) await save();

      changed = false;
      for (const problem of problems) {
        const incident = open.get(problem.key);
        if (incident === undefined || incident.told === incident.mark) continue;
        const log = await problem.log?.();
        const { level, title, text } = problem;
        const kind = `mark ${incident.mark}`;
        const notice = noticeOf(problem.key, incident, { at: incident.markedAt, level, title, text }, kind);
        await tell({ ...notice, ...(log && { log }) }, incident.channel);
        incident.told = incident.mark;
        changed = true;
      }
      const present = new Set(problems.map(problem => problem.key));
      for (const [id, incident] of open) {
        if (present.has(id) || time.getTime() - Date.parse(incident.seen) < rest) continue;
        const title = `Over: ${incident.title}`;
        const text = `It lasted ${duration(Date.parse(incident.seen) - Date.parse(incident.openedAt))}.`;
        const notice = noticeOf(id, incident, { at: incident.seen, level: 'good', title, text }, 'over');
        await tell({ ...notice, broadcast: true }, incident.channel);
        open.delete(id);
        changed = true;
      }
      if (changed) await save();
    },
  };
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
