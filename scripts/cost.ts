import { stageNames, stageOf } from '../infra/stage/files.ts';
import { type Estimate, estimate } from './cost/estimate.ts';
import { byUse, currency, noted, region } from './cost/prices.ts';

/** `npm run cost`: what each stage costs a month, by its value file and list prices. */

const rows: readonly (readonly [about: string, of: (estimate: Estimate) => number])[] = [
  ['control plane', ({ controlPlane }) => controlPlane],
  ['nodes, the fewest', ({ nodes }) => nodes.min],
  ['database', ({ database }) => database],
  ['load balancer, Cloud Armor, NAT, DNS', ({ edge }) => edge],
  ['backups of the cluster, keys, secrets', ({ upkeep }) => upkeep],
  ['**at rest**', ({ atRest }) => atRest],
  ['**with every pool full**', ({ atMost }) => atMost],
];

export function costTable(): string {
  const stages = stageNames.map(name => stageOf(name));
  const estimates = stages.map(estimate);
  const line = (about: string, cells: readonly string[]) => `| ${[about, ...cells].join(' | ')} |\n`;
  const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
  return [
    line(`${currency} a month`, stageNames),
    line(
      '---',
      stageNames.map(() => '---:'),
    ),
    ...rows.map(([about, of]) =>
      line(
        about,
        estimates.map(each => whole.format(of(each))),
      ),
    ),
    line(
      'its budget',
      stages.map(({ budget }) => `${budget.currency} ${whole.format(budget.monthly)}`),
    ),
  ].join('');
}

export function useTable(): string {
  const lines = byUse.map(([what, price, page]) => `| ${what} | ${price} | ${page} |\n`);
  return `| use | ${currency} | page |\n| --- | ---: | --- |\n${lines.join('')}`;
}

if (import.meta.main) {
  process.stdout.write(
    `Estimates by list prices of Google Cloud for ${region}, as of ${noted}, without what use adds:\n\n`,
  );
  process.stdout.write(`${costTable()}\nWhat use adds:\n\n${useTable()}`);
}
