import type { VulnerabilityDetail } from '../../catalogue/index.ts';
import type { Vulnerability } from '../schemas/security.ts';
import { type Handlers, moduleOf, orNull, versionOf } from './handlers.ts';

const maxDetails = 16 * 1024;

/** `database`: whether there is one that vulnerabilities are known from. */
export const createSecurityAnswers = ({ database }: { database: boolean }): Pick<Handlers, 'vulnerabilities'> => ({
  async vulnerabilities({ module, version }, view) {
    const { affected } =
      version === undefined ? await moduleOf(view, module) : await versionOf(view, { module, version });
    return {
      module,
      version: orNull(version),
      database,
      items: affected.map(entry => vulnerabilityAnswer(entry, module)),
    };
  },
});

function vulnerabilityAnswer(entry: VulnerabilityDetail, module: string): Vulnerability {
  const affected = entry.affected.filter(one => one.module === module);
  const here = entry.here.find(one => one.module === module);
  return {
    id: entry.id,
    aliases: entry.aliases,
    summary: entry.summary,
    details: entry.details.slice(0, maxDetails),
    published: entry.published,
    modified: entry.modified,
    fixed: orNull(here?.fixed),
    ranges: affected.flatMap(({ events }) => rangesOf(events)),
    packages: affected.flatMap(({ packages }) => packages.map(({ path, symbols }) => ({ path, symbols }))),
    versions: here?.versions ?? [],
    references: entry.references.map(({ type, url }) => ({ type, url })),
  };
}

/** OSV's events in pairs, with Go's `v`. */
function rangesOf(events: VulnerabilityDetail['affected'][number]['events']): Vulnerability['ranges'] {
  const ranges: Vulnerability['ranges'] = [];
  for (const { introduced, fixed } of events) {
    if (introduced !== undefined) {
      ranges.push({ introduced: introduced === '0' ? null : `v${introduced}`, fixed: null });
    }
    const last = ranges.at(-1);
    if (fixed !== undefined && last !== undefined) last.fixed = `v${fixed}`;
  }
  return ranges;
}
