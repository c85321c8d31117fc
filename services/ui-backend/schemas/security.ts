import Type, { type Static } from 'typebox';
import { answer, ModulePath, nullable } from './common.ts';

export const Vulnerability = answer({
  id: Type.String({ description: 'As GO-2024-1234' }),
  aliases: Type.Array(Type.String(), { description: 'CVE and GHSA identifiers' }),
  summary: Type.String(),
  details: Type.String({ description: 'Plain text or Markdown, as it is: not made safe' }),
  published: Type.String(),
  modified: Type.String(),
  fixed: nullable(Type.String({ description: 'The lowest version with the fix; null when there is none' })),
  /** As in OSV: from `introduced` on (null: from the beginning), before `fixed` (null: for ever). */
  ranges: Type.Array(answer({ introduced: nullable(Type.String()), fixed: nullable(Type.String()) })),
  packages: Type.Array(answer({ path: Type.String(), symbols: Type.Array(Type.String()) }), {
    description: 'What is affected; none is the whole module',
  }),
  versions: Type.Array(Type.String(), { description: 'Versions here that it affects, the 100 newest' }),
  references: Type.Array(answer({ type: Type.String(), url: Type.String() })),
});
export type Vulnerability = Static<typeof Vulnerability>;

export const VulnerabilitiesAnswer = answer({
  module: ModulePath,
  version: nullable(Type.String({ description: 'Those that affect this version; null is any version here' })),
  database: Type.Boolean({ description: 'A vulnerability database is read here; none is known without' }),
  items: Type.Array(Vulnerability),
});
export type VulnerabilitiesAnswer = Static<typeof VulnerabilitiesAnswer>;
