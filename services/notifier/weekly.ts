import { readJson } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import { digest } from './notice.ts';

/**
 * What is remembered for a week or two, in the records store: `notifier/<name>/<week>/<digest>.json`. A whole week is
 * forgotten at once, so that it never has to be searched for what is old.
 */
export interface Weekly<T> {
  get(key: string): Promise<T | undefined>;
  set(key: string, value: T): Promise<void>;
  remove(key: string): Promise<void>;
  clean(): Promise<void>;
}

const week = 7 * 86_400_000;

export function createWeekly<T>(name: string, { records, now }: { records: Storage; now: () => Date }): Weekly<T> {
  const folder = `notifier/${name}/`;
  const current = () => Math.floor(now().getTime() / week);
  const folderOf = (number: number) => `${folder}${String(number).padStart(6, '0')}/`;
  const keyOf = (number: number, key: string) => `${folderOf(number)}${digest(key)}.json`;

  return {
    async get(key) {
      const number = current();
      return (await readJson<T>(records, keyOf(number, key))) ?? (await readJson<T>(records, keyOf(number - 1, key)));
    },
    async set(key, value) {
      await records.put(keyOf(current(), key), Buffer.from(JSON.stringify(value)));
    },
    async remove(key) {
      for (const number of [current(), current() - 1]) await records.delete(keyOf(number, key));
    },
    async clean() {
      const oldest = folderOf(current() - 1);
      for await (const { key } of records.list(folder)) {
        if (key >= oldest) break;
        await records.delete(key);
      }
    },
  };
}
