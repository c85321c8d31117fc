import { readFileSync, writeFileSync } from 'node:fs';
import { schema } from '../services/config.ts';
import type { Variable } from '../services/env.ts';

/** Writes the README's table of variables from the schema: `npm run docs`. test/config.test.ts holds them together. */

const begin = '<!-- configuration: made by `npm run docs` -->\n';
const end = '<!-- /configuration -->';

export function configTable(): string {
  const rows = Object.entries<Variable<unknown>>(schema).map(([name, variable]) => {
    const value = variable.default ? `\`${variable.default}\`` : '';
    return `| \`${name}\` | ${value} | ${variable.accepts.replaceAll('|', '\\|')} | ${variable.about.replaceAll('|', '\\|')} |\n`;
  });
  return `| variable | default | accepts | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

/** The text with its table replaced. */
export function withTable(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error('the README has lost the marks around its configuration table');
  return text.slice(0, from + begin.length) + configTable() + text.slice(to);
}

if (import.meta.main) {
  const file = new URL('../README.md', import.meta.url);
  writeFileSync(file, withTable(readFileSync(file, 'utf8')));
}
