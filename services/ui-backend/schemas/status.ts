import Type, { type Static } from 'typebox';
import { answer, Count, nullable } from './common.ts';

/** Numbers for the home page. */
export const NumbersAnswer = answer({
  modules: nullable(Count),
  versions: nullable(Count),
  rejected: nullable(Count),
  downloads: nullable(Type.Integer({ minimum: 0, description: 'In the last 7 days; null while not known' })),
  newest: nullable(Type.String({ description: 'When the newest version that may be seen was published here' })),
});
export type NumbersAnswer = Static<typeof NumbersAnswer>;

const state = Type.Union([Type.Literal('ok'), Type.Literal('degraded'), Type.Literal('down'), Type.Literal('unknown')]);

export const StatusAnswer = answer({
  state,
  at: Type.String(),
  /** One sentence for people. */
  summary: Type.String(),
  services: Type.Array(answer({ name: Type.String(), state, message: Type.String() }), {
    description: 'What the process that answers stands on: its stores, and services in it that can fail by themselves',
  }),
  queues: Type.Array(
    answer({
      name: Type.String(),
      depth: Count,
      oldestAge: Type.Number({ description: 'Seconds' }),
      dead: Type.Integer({ minimum: 0, description: 'Messages given up' }),
    }),
  ),
  /** Fetches since the processor started, by host and outcome. Null when they can't be asked for. */
  origins: nullable(
    Type.Array(
      answer({
        host: Type.String(),
        requests: Count,
        failures: Count,
        outcomes: Type.Array(answer({ outcome: Type.String(), requests: Count })),
      }),
    ),
  ),
  objectives: Type.Array(
    answer({
      name: Type.String(),
      /** What is promised, a sentence. */
      objective: Type.String(),
      target: Type.Number({ description: 'Share, 0 to 1' }),
      /** Share reached; null while nothing was measured. */
      reached: nullable(Type.Number()),
      window: Type.String({ description: 'Over which time' }),
      met: nullable(Type.Boolean()),
    }),
  ),
  /** Security events, newest first. */
  incidents: Type.Array(
    answer({
      at: Type.String(),
      reason: Type.String(),
      module: Type.String(),
      version: Type.String(),
      message: Type.String(),
    }),
  ),
});
export type StatusAnswer = Static<typeof StatusAnswer>;

export const NewestAnswer = answer({
  items: Type.Array(
    answer({
      module: Type.String(),
      version: Type.String(),
      publishedAt: Type.String(),
      synopsis: Type.String(),
      licences: Type.Array(Type.String()),
    }),
  ),
  next: nullable(Type.String()),
});
export type NewestAnswer = Static<typeof NewestAnswer>;
