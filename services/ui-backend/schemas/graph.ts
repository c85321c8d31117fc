import Type, { type Static } from 'typebox';
import { AnyVersionRequest, answer, Count, Cursor, limit, ModulePath, nullable, request } from './common.ts';

export const RequirementsRequest = request({
  ...AnyVersionRequest.properties,
  depth: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 20, default: 3, description: '1 is the direct ones alone' }),
  ),
  limit: limit(2000, 500),
});
export type RequirementsRequest = Static<typeof RequirementsRequest>;

/**
 * The tree in preorder: a node's children follow it, one deeper. A module version's own requirements are told where it
 * stands first; later it is `repeated`, and `cycle` below itself.
 */
export const RequirementNode = answer({
  module: ModulePath,
  version: Type.String(),
  depth: Type.Integer({ minimum: 1, description: '1 for a direct requirement' }),
  indirect: Type.Boolean({ description: 'Marked `// indirect`' }),
  state: Type.Union(
    [
      Type.Literal('open'),
      Type.Literal('leaf'),
      Type.Literal('repeated'),
      Type.Literal('cycle'),
      Type.Literal('cut'),
      Type.Literal('absent'),
    ],
    {
      description:
        'open: its requirements follow; leaf: it has none; repeated: they were told before; cycle: it is being told; ' +
        'cut: deeper or more than asked for; absent: it is not here',
    },
  ),
});
export type RequirementNode = Static<typeof RequirementNode>;

export const RequirementsAnswer = answer({
  module: ModulePath,
  version: Type.String(),
  nodes: Type.Array(RequirementNode),
  more: Type.Boolean({ description: 'The tree was cut at `limit` nodes' }),
});
export type RequirementsAnswer = Static<typeof RequirementsAnswer>;

export const UsedByRequest = request({
  module: ModulePath,
  version: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: 'Only those that require this version' }),
  ),
  all: Type.Optional(
    Type.Boolean({ default: false, description: 'Also indirect ones, and those whose newest version has dropped it' }),
  ),
  cursor: Cursor,
  limit: limit(200, 50),
});
export type UsedByRequest = Static<typeof UsedByRequest>;

/** The most used first. */
export const UsedByAnswer = answer({
  items: Type.Array(
    answer({
      module: ModulePath,
      version: Type.String({ description: 'Its newest version that requires this module' }),
      requires: Type.String({ description: 'The version that it requires' }),
      indirect: Type.Boolean(),
      current: Type.Boolean({ description: '`version` is the newest of `module`' }),
      usedBy: Count,
    }),
  ),
  next: nullable(Type.String()),
  total: Count,
});
export type UsedByAnswer = Static<typeof UsedByAnswer>;
