import { checkParameters } from '../analytics/parameters.ts';
import { type Days, type ParameterType, type Question, type QuestionName, questions } from '../analytics/questions.ts';
import { type CommandDeps, defineCommand, misused, print, withAnalytics } from './command.ts';
import { daysBefore, daysOf, daysOptions, lengthOf } from './days.ts';
import { type Format, formats, type Row } from './rows.ts';

/** Days that are looked at, and rows that are shown, when nothing else is asked for. */
const usualDays = 90;
const usualLimit = 20;

const text = { type: 'string' } as const;

export const stats = defineCommand({
  name: 'stats',
  usage:
    '[<question>] [--module …] [--version …] [--modules a,b,…] [--from <day>] [--to <day>] [--days 90] [--before <day>] [--limit 20] [--format table|csv|json]',
  about: 'Answers a question about the downloads, and lists the questions without one.',
  options: { ...daysOptions, module: text, modules: text, version: text, before: text, limit: text, format: text },
  async act(deps, { positionals: [name, ...more], options }) {
    if (name === undefined) return listQuestions(deps);
    if (more.length > 0) throw misused(`only one question can be asked; ${JSON.stringify(more[0])} is too much`);
    if (!isQuestion(name)) {
      throw misused(`there is no question ${JSON.stringify(name)}; there are ${Object.keys(questions).join(', ')}`);
    }
    const { format = 'table', from, to, days, ...others } = options;
    if (!isFormat(format)) throw misused(`--format must be one of ${Object.keys(formats).join(', ')}`);
    const question: Question = questions[name];
    const parameters = parametersOf(name, daysOf({ from, to, days }, deps.now(), usualDays), others);
    const rows = await withAnalytics(deps, analytics => analytics.ask(name, parameters as never));
    deps.out.write(formats[format](question.columns, rows as Row[]));
    if (format === 'table' && rows.length === 0) {
      print(deps, `Nothing was counted from ${parameters.from} to ${parameters.to}.`);
    }
    return true;
  },
});

const isQuestion = (name: string): name is QuestionName => Object.hasOwn(questions, name);
const isFormat = (name: unknown): name is Format => Object.hasOwn(formats, String(name));

/** What is given, as the question takes it, with what is usual for the rest. Throws `invalid` where that can't be. */
function parametersOf(
  name: QuestionName,
  days: Days,
  options: Readonly<Record<string, string | boolean | undefined>>,
): Days & Record<string, unknown> {
  const { parameters }: Question = questions[name];
  const parameter: Readonly<Record<ParameterType, (text: string) => unknown>> = {
    day: text => text,
    string: text => text,
    integer: text => Number(text),
    strings: text => text.split(','),
  };
  const given = Object.entries(options).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, parameter[parameters[key]?.type ?? 'string'](String(value))]],
  );
  const usual = {
    ...('limit' in parameters && { limit: usualLimit }),
    // As many days as are asked about.
    ...('before' in parameters && { before: daysBefore(days.from, lengthOf(days)) }),
  };
  const all = { ...usual, ...Object.fromEntries(given), ...days };
  checkParameters(name, all);
  return all;
}

/** The options that a question takes besides its days, as a usage line has them. */
export const optionsOf = ({ parameters }: Question): string =>
  Object.entries(parameters)
    .filter(([key]) => key !== 'from' && key !== 'to')
    .map(([key, { optional }]) => (optional || hasUsual(key) ? `[--${key} …]` : `--${key} …`))
    .join(' ');

const hasUsual = (key: string) => key === 'limit' || key === 'before';

function listQuestions(deps: CommandDeps): boolean {
  for (const [name, question] of Object.entries<Question>(questions)) {
    print(deps, `${name} ${optionsOf(question)}`.trimEnd());
    print(deps, `    ${question.about}`);
  }
  print(deps, 'Days of UTC: --from 2026-01-01 --to 2026-01-31, or --days 90, the usual.');
  return true;
}
