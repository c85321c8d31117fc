import { type Alarm, readJson } from '../../records/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { Tell } from '../incidents.ts';

const root = 'alarms/';
const cursorKey = 'notifier/cursors/alarms.json';
/** An alarm may appear behind others by as long as a write takes; what is seen twice is told once. Milliseconds. */
const overlap = 600_000;
/** Alarms told in one look; the rest follows at the next. */
const atOnce = 200;

/** Looks for alarms that were raised since the last look, and tells the operators. */
export function createAlarmWatch({ records, tell }: { records: Storage; tell: Tell }) {
  return {
    async look(): Promise<void> {
      const cursor = await readJson<{ at: string }>(records, cursorKey);
      const after = cursor && new Date(Date.parse(cursor.at) - overlap).toISOString();
      let last: string | undefined;
      let told = 0;
      for await (const { key } of records.list(root, after === undefined ? {} : { after: root + after })) {
        const alarm = await readJson<Alarm>(records, key);
        if (alarm === undefined) continue;
        await tell(noticeOf(alarm, key));
        last = alarm.at;
        told += 1;
        if (told >= atOnce) break;
      }
      if (last !== undefined && last !== cursor?.at) {
        await records.put(cursorKey, Buffer.from(JSON.stringify({ at: last })));
      }
    },
  };
}

const noticeOf = ({ at, reason, module, version, message }: Alarm, key: string) => ({
  id: key,
  type: 'alarm',
  at,
  level: 'critical' as const,
  thread: `alarm ${reason} ${module}@${version}`,
  title: `${reason}: ${module}@${version}`,
  text: `${message}\nSee docs/runbooks/alarms.md, “${reason}”.`,
  data: { reason, module, version, message },
});
