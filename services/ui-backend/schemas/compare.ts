import Type, { type Static } from 'typebox';
import { answer, Count, ModulePath, nullable, request, Version } from './common.ts';

export const CompareRequest = request({ module: ModulePath, from: Version, to: Version });
export type CompareRequest = Static<typeof CompareRequest>;

const side = answer({
  version: Type.String(),
  time: nullable(Type.String()),
  zipSize: Count,
  files: Count,
  go: nullable(Type.String()),
  licences: Type.Array(Type.String()),
  vulnerabilities: Type.Array(Type.String()),
});

/** `from` or `to` is null where a thing is on one side only. */
export const CompareAnswer = answer({
  module: ModulePath,
  from: side,
  to: side,
  requirements: Type.Array(
    answer({
      module: ModulePath,
      from: nullable(Type.String()),
      to: nullable(Type.String()),
      indirect: Type.Boolean({ description: 'On the later side' }),
    }),
  ),
  licences: Type.Array(answer({ file: Type.String(), from: nullable(Type.String()), to: nullable(Type.String()) }), {
    description: 'Licence files that are not of the same licence on both sides',
  }),
  files: answer({
    items: Type.Array(
      answer({
        name: Type.String(),
        from: nullable(Type.Integer({ description: 'Bytes' })),
        to: nullable(Type.Integer({ description: 'Bytes' })),
      }),
    ),
    added: Count,
    removed: Count,
    changed: Count,
    complete: Type.Boolean({
      description: 'False where more differs than is given, or files are too many to be known',
    }),
  }),
  /** Exported names by package, such as `func Parse`; packages that are internal are left out. */
  api: answer({
    packages: Type.Array(
      answer({
        path: Type.String(),
        state: Type.Union([Type.Literal('added'), Type.Literal('removed'), Type.Literal('changed')]),
        added: Type.Array(Type.String()),
        removed: Type.Array(Type.String()),
        changed: Type.Array(answer({ name: Type.String(), from: Type.String(), to: Type.String() }), {
          description: 'Declared differently: the declarations without values, bodies, and fields of no use to others',
        }),
      }),
    ),
    complete: Type.Boolean({
      description: 'False where more differs than is given, or source was too much to be read',
    }),
  }),
});
export type CompareAnswer = Static<typeof CompareAnswer>;
