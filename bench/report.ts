import type { Sample } from './load.ts';
import { resources } from './resources.ts';
import { type Results, verdicts } from './targets.ts';
import { disturbance } from './warm.ts';

/** The results as Markdown tables: what is printed is what the README can hold. */
export function report(results: Results): string {
  const { warm, cold, memory } = results;
  const lines = [
    '| resource | server | requests/s | p50 ms | p99 ms | MB/s | CPU µs | busy: server, load | gocenter : it |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const { name, label } of resources) {
    const servers = warm[name] ?? {};
    const ours = servers.gocenter?.requestsPerSecond ?? Number.NaN;
    for (const [server, sample] of Object.entries(servers)) {
      const errors = sample.errors > 0 ? ` (${sample.errors} errors)` : '';
      const cells = [
        label,
        server,
        sample.requestsPerSecond.toFixed(0) + (isDisturbed(sample) ? ' *' : '') + errors,
        sample.p50.toFixed(2),
        sample.p99.toFixed(2),
        sample.megabytesPerSecond.toFixed(1),
        Number.isNaN(sample.cpu) ? '?' : sample.cpu.toFixed(1),
        `${percent(sample.serverCore)}, ${percent(sample.loadCore)}`,
        server === 'gocenter' ? '' : `${(ours / sample.requestsPerSecond).toFixed(2)} ×`,
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  const blocks = [lines.join('\n')];
  const disturbed = Object.values(warm)
    .flatMap(servers => Object.values(servers))
    .filter(isDisturbed).length;
  if (disturbed > 0) {
    blocks.push(
      `Other programs took more than ${percent(disturbance)} of the server's core in ${disturbed} of these medians, marked with *: ` +
        'requests/s and latencies there say little, CPU µs a little more. Repeat it on a quiet machine.',
    );
  }
  if (Object.keys(cold).length > 0) {
    const rows = Object.entries(cold).map(
      ([server, { viaServer, direct, overhead, versions }]) =>
        `| ${[server, versions, viaServer.toFixed(1), direct.toFixed(1), overhead.toFixed(1)].join(' | ')} |`,
    );
    blocks.push(
      [
        '| cold | versions | first zip ms | from the upstream ms | overhead ms |',
        '| --- | ---: | ---: | ---: | ---: |',
        ...rows,
      ].join('\n'),
    );
  }
  if (memory)
    blocks.push(
      `Resident memory of the service: ${memory.peak.toFixed(0)} MB at most, ${memory.now.toFixed(0)} MB at the end.`,
    );
  const judged = verdicts(results).map(
    ({ target, measured, met }) => `| ${target} | ${measured} | ${met ? 'met' : 'not met'} |`,
  );
  if (judged.length > 0) blocks.push(['| target | measured | |', '| --- | --- | --- |', ...judged].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

const isDisturbed = ({ others }: Sample) => others > disturbance;

const percent = (part: number) => (Number.isNaN(part) ? '?' : `${Math.round(part * 100)} %`);
