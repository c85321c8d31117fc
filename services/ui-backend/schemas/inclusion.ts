import Type, { type Static } from 'typebox';
import { answer, ModulePath, nullable, request } from './common.ts';
import { Reason } from './module.ts';

export const IncludeRequest = request({
  module: ModulePath,
  version: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'A version, branch or commit; without it, or with `latest`, what the origin says is the latest',
    }),
  ),
});
export type IncludeRequest = Static<typeof IncludeRequest>;

export const InclusionRequest = request({
  id: Type.String({ pattern: '^[0-9a-z-]{8,64}$', description: 'As `include` has given it' }),
});
export type InclusionRequest = Static<typeof InclusionRequest>;

/** One asked-for version on its way. It only ever gets on: requested, fetched, then published, rejected or failed. */
export const Inclusion = answer({
  id: Type.String(),
  module: ModulePath,
  version: Type.String(),
  state: Type.Union([
    Type.Literal('requested'),
    Type.Literal('fetched'),
    Type.Literal('published'),
    Type.Literal('rejected'),
    Type.Literal('failed'),
  ]),
  requestedAt: Type.String(),
  /** When this state was seen. */
  at: Type.String(),
  /** What to know of the state, a sentence; why, when it is rejected or failed. */
  message: Type.String(),
  reasons: Type.Array(Reason),
  /** RFC 3339; a failure holds until then. */
  until: nullable(Type.String()),
  done: Type.Boolean({ description: 'Nothing more will happen' }),
});
export type Inclusion = Static<typeof Inclusion>;

/** Asked for lately, newest first. */
export const InclusionsAnswer = answer({ items: Type.Array(Inclusion) });
export type InclusionsAnswer = Static<typeof InclusionsAnswer>;
