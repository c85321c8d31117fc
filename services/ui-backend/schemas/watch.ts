import Type, { type Static } from 'typebox';
import { answer, ModulePath, nullable, request } from './common.ts';

const Event = Type.Union([Type.Literal('published'), Type.Literal('rejected'), Type.Literal('vulnerability')]);

export const WatchRequest = request({
  module: Type.Optional(ModulePath),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Instead of a module: a search, whatever it finds is told',
    }),
  ),
  events: Type.Optional(
    Type.Array(Event, { minItems: 1, maxItems: 3, uniqueItems: true, description: 'What is told; all without' }),
  ),
  webhook: Type.Optional(
    Type.String({ minLength: 1, maxLength: 2048, description: 'Where to post to: an https address on port 443' }),
  ),
  slack: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'Instead of a webhook: a Slack channel, best by its ID' }),
  ),
});
export type WatchRequest = Static<typeof WatchRequest>;

export const WatchIdRequest = request({
  id: Type.String({
    pattern: '^[0-9a-f]{32}$',
    description: 'As `watch` has given it; who knows it may end the watch',
  }),
});
export type WatchIdRequest = Static<typeof WatchIdRequest>;

export const Watch = answer({
  id: Type.String(),
  module: nullable(Type.String()),
  q: nullable(Type.String()),
  events: Type.Array(Event),
  /** One of them is not null. */
  webhook: nullable(Type.String()),
  slack: nullable(Type.String()),
  createdAt: Type.String(),
  /** new: nothing was delivered yet; failing: it is tried again; disabled: it is not, make another watch. */
  state: Type.Union([Type.Literal('new'), Type.Literal('active'), Type.Literal('failing'), Type.Literal('disabled')]),
  message: Type.String({ description: 'What to know of the state, a sentence' }),
  deliveries: Type.Array(
    answer({
      id: Type.String({ description: 'Of the delivery; attempts of one have the same' }),
      type: Type.String({ description: 'module.published, module.rejected, vulnerability.found, watch.created' }),
      title: Type.String(),
      at: Type.String(),
      outcome: Type.Union([Type.Literal('delivered'), Type.Literal('retried'), Type.Literal('failed')]),
      status: nullable(Type.Integer({ description: 'HTTP status; null when there was no answer' })),
      message: Type.String(),
    }),
    { description: 'The last attempts, newest first' },
  ),
});
export type Watch = Static<typeof Watch>;

export const WatchCreated = answer({
  watch: Watch,
  secret: nullable(
    Type.String({
      description:
        'Shown this once. `GoCenter-Signature` of a webhook is `v0=` and the HMAC-SHA256 in hex, under this secret, of ' +
        '`v0:<GoCenter-Timestamp>:<raw body>`. Null for Slack.',
    }),
  ),
});
export type WatchCreated = Static<typeof WatchCreated>;

export const WatchEnded = answer({ id: Type.String(), ended: Type.Boolean({ description: 'False: there was none' }) });
