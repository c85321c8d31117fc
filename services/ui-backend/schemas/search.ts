import Type, { type Static } from 'typebox';
import { answer, Count, Cursor, Kind, limit, ModuleSummary, nullable, request } from './common.ts';

const Query = Type.String({ maxLength: 200, description: 'Words of the path, the synopsis or the README' });

export const SearchRequest = request({
  q: Type.Optional(Query),
  licence: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'SPDX identifier' })),
  kind: Type.Optional(Kind),
  age: Type.Optional(
    Type.Union([Type.Literal('week'), Type.Literal('month'), Type.Literal('year')], {
      description: 'The newest version is not older than this',
    }),
  ),
  order: Type.Optional(Type.Union([Type.Literal('relevance'), Type.Literal('newest')], { default: 'relevance' })),
  cursor: Cursor,
  limit: limit(100, 20),
});
export type SearchRequest = Static<typeof SearchRequest>;

/** Ranked by text and by use; without `q` by use alone. */
export const SearchAnswer = answer({
  items: Type.Array(ModuleSummary),
  next: nullable(Type.String()),
  total: Type.Integer({ minimum: 0, description: 'On all pages' }),
  more: Type.Boolean({ description: 'There are more than `total`' }),
  corrected: nullable(Type.String({ description: 'What was searched for instead, when `q` itself finds nothing' })),
});
export type SearchAnswer = Static<typeof SearchAnswer>;

export const SuggestRequest = request({ q: Query, limit: limit(20, 8) });
export type SuggestRequest = Static<typeof SuggestRequest>;

export const SuggestAnswer = answer({
  items: Type.Array(answer({ module: Type.String(), synopsis: Type.String(), usedBy: Count })),
});
export type SuggestAnswer = Static<typeof SuggestAnswer>;
