import Type, { type Static } from 'typebox';
import { answer, Count, limit, ModulePath, ModuleSummary, nullable, request, Version } from './common.ts';

/** A download is a zip served with 200. `all` is every one of them, `people` those of no mirror and no CI. */
const counted = { all: Count, people: Count };

export const DownloadsRequest = request({
  module: ModulePath,
  version: Type.Optional(Version),
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 90 })),
});
export type DownloadsRequest = Static<typeof DownloadsRequest>;

export const DownloadsAnswer = answer({
  module: ModulePath,
  version: nullable(Type.String()),
  total: answer(counted),
  /** One a day, oldest first, days without downloads too; today, in UTC, is the last. */
  days: Type.Array(answer({ day: Type.String({ description: 'YYYY-MM-DD' }), ...counted })),
  /** Most downloaded first, 50 at most; empty when one version was asked for. */
  versions: Type.Array(answer({ version: Type.String(), ...counted })),
});
export type DownloadsAnswer = Static<typeof DownloadsAnswer>;

const Period = Type.Optional(
  Type.Union([Type.Literal('day'), Type.Literal('week'), Type.Literal('month')], { default: 'week' }),
);

export const TopRequest = request({ period: Period, limit: limit(100, 20) });
export type TopRequest = Static<typeof TopRequest>;

export const TopAnswer = answer({
  period: Type.String(),
  items: Type.Array(answer({ ...ModuleSummary.properties, period: answer(counted) })),
});
export type TopAnswer = Static<typeof TopAnswer>;

export const TrendingAnswer = answer({
  period: Type.String(),
  items: Type.Array(
    answer({
      ...ModuleSummary.properties,
      period: answer(counted),
      growth: Type.Number({ description: 'Downloads of the period over those of the one before; 2 is twice as many' }),
    }),
  ),
});
export type TrendingAnswer = Static<typeof TrendingAnswer>;
