import Type, { type Static } from 'typebox';
import { answer, Count, ModulePath, nullable, request } from './common.ts';

export const DoctorRequest = request({
  text: Type.String({ minLength: 1, maxLength: 512 * 1024, description: 'The text of a go.mod or a go.sum' }),
});
export type DoctorRequest = Static<typeof DoctorRequest>;

export const Finding = answer({
  kind: Type.Union([
    Type.Literal('vulnerable'),
    Type.Literal('retracted'),
    Type.Literal('deprecated'),
    Type.Literal('rejected'),
    Type.Literal('absent'),
    Type.Literal('hash'),
    Type.Literal('outdated'),
    Type.Literal('major'),
    Type.Literal('licence'),
    Type.Literal('replaced'),
    Type.Literal('malformed'),
  ]),
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('notice')]),
  message: Type.String({ description: 'A sentence' }),
});
export type Finding = Static<typeof Finding>;

export const DoctorLine = answer({
  line: Type.Integer({ minimum: 1, description: 'Number in the text' }),
  module: ModulePath,
  version: Type.String(),
  indirect: Type.Boolean(),
  status: Type.Union([Type.Literal('published'), Type.Literal('rejected'), Type.Literal('absent')]),
  licences: Type.Array(Type.String()),
  newest: nullable(
    Type.String({
      description: 'The newest version kept here, null when the module is not here; an origin may have newer ones',
    }),
  ),
  vulnerabilities: Type.Array(Type.String({ description: 'Identifiers' })),
  findings: Type.Array(Finding),
  /** The line to write instead; null when it is well as it is. */
  instead: nullable(Type.String()),
});
export type DoctorLine = Static<typeof DoctorLine>;

export const DoctorAnswer = answer({
  kind: Type.Union([Type.Literal('go.mod'), Type.Literal('go.sum')]),
  /** Of the module line of a go.mod. */
  module: nullable(Type.String()),
  lines: Type.Array(DoctorLine),
  /** Of the file as a whole. */
  findings: Type.Array(answer({ line: nullable(Type.Integer()), ...Finding.properties })),
  numbers: answer({
    modules: Count,
    published: Count,
    absent: Count,
    rejected: Count,
    vulnerable: nullable(Type.Integer({ minimum: 0, description: 'Null where no vulnerability database is read' })),
    outdated: Count,
  }),
  /** A command line that does all of it; '' when there is nothing to do. */
  fix: Type.String(),
});
export type DoctorAnswer = Static<typeof DoctorAnswer>;
