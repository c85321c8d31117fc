import type { ModuleSummary } from '../../catalogue/index.ts';
import type { ModuleSummary as SummaryAnswer } from '../schemas/common.ts';
import { type Handlers, orNull, textOrNull } from './handlers.ts';

const days = { week: 7, month: 30, year: 365 } as const;

export function createSearchAnswers({ now }: { now: () => Date }): Pick<Handlers, 'search' | 'suggest'> {
  /** Whole hours, so that a cursor stays good and equal questions are equal. */
  const since = (age: keyof typeof days) => {
    const hour = 3_600_000;
    return new Date(Math.floor(now().getTime() / hour) * hour - days[age] * 24 * hour).toISOString();
  };
  return {
    async search({ q = '', licence, kind, age, order, cursor, limit = 20 }, { catalogue }) {
      const updatedSince = age && since(age);
      const page = await catalogue.search({ text: q, licence, kind, updatedSince, order, cursor, limit });
      return {
        items: page.hits.map(summaryAnswer),
        next: orNull(page.next),
        total: page.total,
        more: page.atLeast,
        corrected: orNull(page.corrected),
      };
    },
    async suggest({ q, limit = 8 }, { catalogue }) {
      const items = await catalogue.suggest(q, limit);
      return { items: items.map(({ module, synopsis, usedBy }) => ({ module, synopsis, usedBy })) };
    },
  };
}

export function summaryAnswer(summary: ModuleSummary): SummaryAnswer {
  const { module, newest, status, synopsis, kinds, licences, versions, usedBy, downloads, vulnerabilities } = summary;
  const deprecated = textOrNull(summary.deprecated);
  const time = orNull(summary.time);
  return {
    module,
    newest,
    status,
    time,
    synopsis,
    kinds,
    licences,
    versions,
    usedBy,
    downloads,
    vulnerabilities,
    deprecated,
  };
}
