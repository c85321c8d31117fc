import type { ModuleSummary, VersionDetail, VersionSummary } from '../../catalogue/index.ts';
import { Fault } from '../../errors.ts';
import { splitPathVersion } from '../../gomod/path.ts';
import { compareVersions } from '../../gomod/version.ts';
import { diagnose } from '../doctor/diagnose.ts';
import { type Asked, readRequirements } from '../doctor/read.ts';
import type { VisibleCatalogue } from '../visible.ts';
import type { Handlers } from './handlers.ts';

/** Module versions in one file; the largest known go.sum has about 2000. */
const maxAsked = 5000;
/** What the catalogue gives at once. */
const atOnce = 1000;
/** Vulnerable lines whose fix is looked for, and direct requirements whose later major versions are. */
const maxLooked = 500;
/** Later major versions are looked for this far. */
const majorsAhead = 3;

/** `database`: whether there is one that vulnerabilities are known from. */
export const createDoctorAnswers = ({ database }: { database: boolean }): Pick<Handlers, 'doctor'> => ({
  async doctor({ text }, { catalogue }) {
    const reading = readRequirements(text);
    const { asked } = reading;
    if (asked.length > maxAsked) {
      throw new Fault('invalid', `the file asks for ${asked.length} versions; at most ${maxAsked} are looked at`);
    }
    const versions = await lookUp(asked, part => catalogue.versions(part));
    const paths = [...new Set(asked.map(({ module }) => module))];
    const modules = byModule(await lookUp(paths, part => catalogue.modules(part)));
    const versionsOf = new Map(asked.map((one, index) => [one, versions[index]]));
    const fixes = await findFixes(catalogue, asked, versionsOf);
    const direct = reading.kind === 'go.mod' ? asked.filter(({ indirect }) => !indirect).slice(0, maxLooked) : [];
    const ahead = direct.flatMap(({ module }) => laterMajors(module));
    const majors = byModule(await lookUp(ahead, part => catalogue.modules(part)));
    const diagnosis = diagnose(reading, {
      version: one => versionsOf.get(one),
      module: ({ module }) => modules.get(module),
      fixedIn: one => fixes.get(one),
      laterMajor: one => (one.indirect ? undefined : newestOf(laterMajors(one.module), majors)),
    });
    const { numbers } = diagnosis;
    return { ...diagnosis, numbers: { ...numbers, vulnerable: database ? numbers.vulnerable : null } };
  },
});

async function lookUp<W, T>(wanted: readonly W[], look: (part: readonly W[]) => Promise<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let start = 0; start < wanted.length; start += atOnce) {
    found.push(...(await look(wanted.slice(start, start + atOnce))));
  }
  return found;
}

const byModule = (summaries: readonly (ModuleSummary | undefined)[]) =>
  new Map(summaries.flatMap(summary => (summary === undefined ? [] : [[summary.module, summary] as const])));

async function findFixes(
  catalogue: VisibleCatalogue,
  asked: readonly Asked[],
  versions: ReadonlyMap<Asked, VersionSummary | undefined>,
): Promise<Map<Asked, string>> {
  const vulnerable = asked.filter(one => (versions.get(one)?.vulnerabilities.length ?? 0) > 0);
  const fixes = new Map<Asked, string>();
  for (const one of vulnerable.slice(0, maxLooked)) {
    const detail = await catalogue.version(one.module, one.version);
    const fixed = detail && fixOf(detail);
    if (fixed !== undefined) fixes.set(one, fixed);
  }
  return fixes;
}

/** The highest of what fixes each; undefined when one is not fixed. */
function fixOf({ module, affected }: VersionDetail): string | undefined {
  const fixed = affected.map(({ here }) => here.find(one => one.module === module)?.fixed);
  if (fixed.some(version => version === undefined)) return undefined;
  return fixed
    .flatMap(version => version ?? [])
    .sort(compareVersions)
    .at(-1);
}

function laterMajors(module: string): string[] {
  const split = splitPathVersion(module);
  if (split === undefined) return [];
  const { prefix, pathMajor } = split;
  const isGopkg = module.startsWith('gopkg.in/');
  const now = Number(/\d+/.exec(pathMajor)?.[0] ?? 1);
  return Array.from({ length: majorsAhead }, (_, index) => `${prefix}${isGopkg ? '.' : '/'}v${now + index + 1}`);
}

function newestOf(paths: readonly string[], known: ReadonlyMap<string, ModuleSummary>): ModuleSummary | undefined {
  return paths
    .flatMap(path => known.get(path) ?? [])
    .filter(({ status }) => status === 'published')
    .at(-1);
}
