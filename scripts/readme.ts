import { readFileSync, writeFileSync } from 'node:fs';
import { type Question, questions } from '../services/analytics/questions.ts';
import { optionsOf } from '../services/commands/stats.ts';
import { schema } from '../services/config.ts';
import type { Variable } from '../services/env.ts';
import { rules } from '../services/validator/rules/index.ts';
import { costTable, useTable } from './cost.ts';
import { policyTables } from './policies.ts';

/** Writes the tables of the documents from the code: `npm run docs`. test/readme.test.ts holds them together. */

type Tables = Readonly<Record<string, () => string>>;

/** By document, the tables between its marks. */
export const documents: Readonly<Record<string, Tables>> = {
  'README.md': { configuration: configTable, questions: questionsTable, rules: rulesTable },
  'docs/runbooks/costs.md': { cost: costTable, use: useTable },
  'policies/README.md': { policies: policyTables },
};

const cell = (text: string) => text.replaceAll('|', '\\|');

function configTable(): string {
  const rows = Object.entries<Variable<unknown>>(schema).map(([name, variable]) => {
    const value = variable.default ? `\`${variable.default}\`` : '';
    return `| \`${name}\` | ${value} | ${cell(variable.accepts)} | ${cell(variable.about)} |\n`;
  });
  return `| variable | default | accepts | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

function questionsTable(): string {
  const rows = Object.entries<Question>(questions).map(([name, question]) => {
    const options = optionsOf(question);
    const shown = options === '' ? '' : `\`${options}\``;
    return `| \`${name}\` | ${cell(question.about)} | ${shown} | ${Object.keys(question.columns).join(', ')} |\n`;
  });
  return `| question | what it tells | options besides the days | columns |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

function rulesTable(): string {
  const rows = rules.map(rule => `| \`${rule.name}\` | ${cell(rule.about)} | ${rule.overrulable ? 'yes' : 'no'} |\n`);
  return `| rule | what it does and why | can be released |\n| --- | --- | --- |\n${rows.join('')}`;
}

/** The text with each of its tables made anew. */
export function withTables(text: string, tables: Tables): string {
  return Object.entries(tables).reduce((result, [name, table]) => {
    const begin = `<!-- ${name}: made by \`npm run docs\` -->\n`;
    const from = result.indexOf(begin);
    const to = result.indexOf(`<!-- /${name} -->`);
    if (from < 0 || to < from) throw new Error(`the marks around the table of ${name} are lost`);
    return result.slice(0, from + begin.length) + table() + result.slice(to);
  }, text);
}

if (import.meta.main) {
  for (const [document, tables] of Object.entries(documents)) {
    const file = new URL(`../${document}`, import.meta.url);
    writeFileSync(file, withTables(readFileSync(file, 'utf8'), tables));
  }
}
