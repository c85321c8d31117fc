import type { RecordingRule } from './prometheus.ts';

/** A promise to users, as the share of events that must be good over 30 days. */
export interface Objective {
  /** As in the names of its recording rules, `gocenter:<name>:bad_ratio_rate5m`, and of its alerts. */
  name: string;
  /** What is promised, as a reader of an alert understands it. */
  promise: string;
  target: number;
  /** Rates of bad and of all events over a window, in PromQL. */
  bad: (window: string) => string;
  all: (window: string) => string;
  /** Fewer events than this in the long window say nothing: one slow version at night wakes nobody. */
  atLeast: number;
}

/** What a client of the proxy asks for; `other` is what nobody serves. */
const served = 'kind!="other"';
const published = 'gocenter_request_to_published_seconds';

export const downloads: Objective = {
  name: 'downloads',
  promise: 'requests to the proxy are answered without a 5xx',
  target: 0.999,
  bad: window => `sum(rate(gocenter_requests_total{${served},status=~"5.."}[${window}]))`,
  all: window => `sum(rate(gocenter_requests_total{${served}}[${window}]))`,
  atLeast: 100,
};

export const publishing: Objective = {
  // Counts what was published; what never is shows in the age of its message.
  name: 'publishing',
  promise: 'a version is published within 30 s of its first request',
  target: 0.95,
  bad: window => `sum(rate(${published}_count[${window}])) - sum(rate(${published}_bucket{le="30"}[${window}]))`,
  all: window => `sum(rate(${published}_count[${window}]))`,
  atLeast: 10,
};

export const objectives: readonly Objective[] = [downloads, publishing];

/**
 * Burn rates to alert on, each over a long window, which makes it certain, and a short one, which makes it end soon. From
 * the Site Reliability Workbook, "Alerting on SLOs": 14.4 spends 2 % of a month's budget in an hour, 6 spends 5 % in six,
 * 3 a tenth in a day, 1 a tenth in three.
 */
export const burns = [
  { rate: 14.4, long: '1h', short: '5m', severity: 'page' },
  { rate: 6, long: '6h', short: '30m', severity: 'page' },
  { rate: 3, long: '1d', short: '2h', severity: 'ticket' },
  { rate: 1, long: '3d', short: '6h', severity: 'ticket' },
] as const;

const windows = [...new Set(burns.flatMap(({ long, short }) => [short, long]))];

export const badRatio = ({ name }: Objective, window: string) => `gocenter:${name}:bad_ratio_rate${window}`;
export const eventRate = ({ name }: Objective, window: string) => `gocenter:${name}:events_rate${window}`;

export function objectiveRules(objective: Objective): RecordingRule[] {
  return windows.flatMap(window => [
    { record: eventRate(objective, window), expr: objective.all(window) },
    {
      record: badRatio(objective, window),
      // Where there are events and none is bad, it is 0; where there are none, it is unknown.
      expr: `((${objective.bad(window)}) or vector(0)) / (${objective.all(window)} > 0)`,
    },
  ]);
}
