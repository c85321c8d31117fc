import { readFileSync, writeFileSync } from 'node:fs';
import { schema } from '../services/config.ts';
import type { Variable } from '../services/env.ts';
import { rules } from '../services/validator/rules/index.ts';

/** Writes the README's tables from the code: `npm run docs`. test/readme.test.ts holds them together. */

const tables: Readonly<Record<string, () => string>> = { configuration: configTable, rules: rulesTable };

const cell = (text: string) => text.replaceAll('|', '\\|');

function configTable(): string {
  const rows = Object.entries<Variable<unknown>>(schema).map(([name, variable]) => {
    const value = variable.default ? `\`${variable.default}\`` : '';
    return `| \`${name}\` | ${value} | ${cell(variable.accepts)} | ${cell(variable.about)} |\n`;
  });
  return `| variable | default | accepts | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

function rulesTable(): string {
  const rows = rules.map(rule => `| \`${rule.name}\` | ${cell(rule.about)} | ${rule.overrulable ? 'yes' : 'no'} |\n`);
  return `| rule | what it does and why | can be released |\n| --- | --- | --- |\n${rows.join('')}`;
}

/** The text with each table between its marks made anew. */
export function withTables(text: string): string {
  return Object.entries(tables).reduce((result, [name, table]) => {
    const begin = `<!-- ${name}: made by \`npm run docs\` -->\n`;
    const from = result.indexOf(begin);
    const to = result.indexOf(`<!-- /${name} -->`);
    if (from < 0 || to < from) throw new Error(`the README has lost the marks around its table of ${name}`);
    return result.slice(0, from + begin.length) + table() + result.slice(to);
  }, text);
}

if (import.meta.main) {
  const file = new URL('../README.md', import.meta.url);
  writeFileSync(file, withTables(readFileSync(file, 'utf8')));
}
