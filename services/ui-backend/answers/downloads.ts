import { Fault } from '../../errors.ts';
import type { ModuleSummary } from '../schemas/common.ts';
import { type Handlers, orNull, summaryOf, type View, versionOf } from './handlers.ts';
import { summaryAnswer } from './search.ts';

/** Downloads: all of them, and those of neither mirrors nor CI. */
export interface Counted {
  all: number;
  people: number;
}

/** Days of UTC, `YYYY-MM-DD`, both ends included. */
export interface Days {
  from: string;
  to: string;
}

/** What is asked of the analytics, answered from daily roll-ups. */
export interface DownloadCounts {
  /** Days without downloads may be left out. */
  byDay(wanted: Days & { module: string; version?: string }): Promise<({ day: string } & Counted)[]>;
  /** Most downloaded first. */
  byVersion(wanted: Days & { module: string; limit: number }): Promise<({ version: string } & Counted)[]>;
  /** Most downloaded by people first; of the modules given, or of all. */
  byModule(wanted: Days & { modules?: readonly string[]; limit: number }): Promise<({ module: string } & Counted)[]>;
  /** Of everything. */
  total(wanted: Days): Promise<Counted>;
}

const notCounted = async () => {
  throw new Fault('unavailable', 'downloads are not counted here');
};
const uncounted: DownloadCounts = { byDay: notCounted, byVersion: notCounted, byModule: notCounted, total: notCounted };

const lengths = { day: 1, week: 7, month: 30 } as const;
const maxVersions = 50;
/** Some of the most downloaded may be hidden or unknown to the catalogue. */
const spare = 100;
/** Modules whose growth is looked at. */
const candidates = 500;
/** Fewer downloads than this in a period are no trend. */
const leastTrend = 5;

export function createDownloadAnswers(deps: {
  counts: DownloadCounts | undefined;
  now: () => Date;
}): Pick<Handlers, 'downloads' | 'top' | 'trending'> {
  const { now } = deps;
  const counts = deps.counts ?? uncounted;
  return {
    async downloads({ module, version, days = 90 }, view) {
      if (version === undefined) await summaryOf(view, module);
      else await versionOf(view, { module, version });
      const span = lastDays(now(), days);
      const [byDay, versions] = await Promise.all([
        counts.byDay({ module, ...(version !== undefined && { version }), ...span }),
        version === undefined ? counts.byVersion({ module, ...span, limit: maxVersions }) : [],
      ]);
      const found = new Map(byDay.map(({ day, all, people }) => [day, { all, people }]));
      const all = daysOf(span).map(day => ({ day, ...(found.get(day) ?? { all: 0, people: 0 }) }));
      return {
        module,
        version: orNull(version),
        total: { all: sum(all.map(day => day.all)), people: sum(all.map(day => day.people)) },
        days: all,
        versions: versions.map(({ version, all, people }) => ({ version, all, people })),
      };
    },

    async top({ period = 'week', limit = 20 }, view) {
      const top = await counts.byModule({ ...lastDays(now(), lengths[period]), limit: limit + spare });
      const items = await withSummaries(view, top);
      return { period, items: items.slice(0, limit) };
    },

    async trending({ period = 'week', limit = 20 }, view) {
      const length = lengths[period];
      const top = await counts.byModule({ ...lastDays(now(), length), limit: candidates });
      const modules = top.map(({ module }) => module);
      const earlier = await counts.byModule({ ...lastDays(now(), length, length), modules, limit: candidates });
      const before = new Map(earlier.map(({ module, people }) => [module, people]));
      // Without anything before there is nothing to compare with: all that is new here would be a trend.
      const compared = earlier.some(({ people }) => people > 0) ? top : [];
      const risen = compared
        .map(one => ({ ...one, before: before.get(one.module) ?? 0 }))
        .filter(one => one.people >= leastTrend && one.people > one.before)
        .sort((a, b) => surprise(b) - surprise(a))
        .slice(0, limit + spare);
      const items = await withSummaries(view, risen);
      return {
        period,
        items: items.slice(0, limit).map(item => {
          const growth = item.period.people / Math.max(1, before.get(item.module) ?? 0);
          return { ...item, growth: Math.round(growth * 100) / 100 };
        }),
      };
    },
  };
}

/** How far the rise is beyond chance, in standard deviations of a Poisson process: 5 → 50 beats 1000 → 1100. */
const surprise = ({ people, before }: { people: number; before: number }) => (people - before) / Math.sqrt(before + 1);

/** What may be seen of them, in their order. */
async function withSummaries(
  { catalogue }: View,
  counted: readonly ({ module: string } & Counted)[],
): Promise<(ModuleSummary & { period: Counted })[]> {
  const summaries = await catalogue.modules(counted.map(({ module }) => module));
  return counted.flatMap(({ all, people }, index) => {
    const summary = summaries[index];
    return summary?.status === 'published' ? [{ ...summaryAnswer(summary), period: { all, people } }] : [];
  });
}

const dayLength = 86_400_000;

/** The last `count` days, today included, or those as far before as `before` says. */
export function lastDays(now: Date, count: number, before = 0): Days {
  const end = now.getTime() - before * dayLength;
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return { from: day(end - (count - 1) * dayLength), to: day(end) };
}

function daysOf({ from, to }: Days): string[] {
  const days: string[] = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += dayLength) {
    days.push(new Date(time).toISOString().slice(0, 10));
  }
  return days;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
