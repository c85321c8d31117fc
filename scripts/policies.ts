import { type Policy, themes } from '../policies/policies.ts';

/** The policies by theme, as tables of policies/README.md. */
export function policyTables(): string {
  return themes
    .map(({ title, policies }) => {
      const rows = policies.map(row);
      return `\n### ${title}\n\n| policy | of | checks that | settings |\n| --- | --- | --- | --- |\n${rows.join('')}`;
    })
    .join('');
}

function row(policy: Policy): string {
  const of = 'validateStack' in policy ? 'stack' : 'resource';
  const checks = policy.description.replace(/^Checks that /, '').replace(/\.$/, '');
  const mends = 'remediateResource' in policy ? ' *(mends)*' : '';
  return `| \`${policy.name}\`${mends} | ${of} | ${cell(checks)} | ${settingsOf(policy)} |\n`;
}

function settingsOf({ configSchema }: Policy): string {
  return Object.entries(configSchema?.properties ?? {})
    .filter(([name, { default: value }]) => name !== 'exempt' || (Array.isArray(value) && value.length > 0))
    .map(([name, { default: value }]) => `\`${name}\` = ${cell(spell(value))}`)
    .join('<br>');
}

function spell(value: unknown): string {
  if (!Array.isArray(value)) return `\`${value}\``;
  return value.length === 0 ? 'none' : value.map(item => `\`${item}\``).join(' ');
}

const cell = (text: string) => text.replaceAll('|', '\\|');
