import type { ModuleSummary, VersionSummary } from '../../catalogue/index.ts';
import { compareVersions } from '../../gomod/version.ts';
import type { DoctorAnswer, DoctorLine, Finding } from '../schemas/doctor.ts';
import type { Asked, Reading } from './read.ts';

/** What is known here of what is asked for. */
export interface Knowledge {
  version(asked: Asked): VersionSummary | undefined;
  module(asked: Asked): ModuleSummary | undefined;
  /** The lowest version without any of the vulnerabilities of this one; undefined when there is none. */
  fixedIn(asked: Asked): string | undefined;
  /** The newest of the module's later major versions that are here. */
  laterMajor(asked: Asked): ModuleSummary | undefined;
}

/** The findings for each line, and what to write instead. A function of its arguments alone. */
export function diagnose(reading: Reading, known: Knowledge): DoctorAnswer {
  const highest = highestVersions(reading.asked);
  const lines = reading.asked.map(asked => examine(asked, reading.kind, known, highest));
  const count = (test: (line: DoctorLine) => boolean) => lines.filter(test).length;
  const has = (kind: Finding['kind']) => (line: DoctorLine) => line.findings.some(finding => finding.kind === kind);
  const malformed = reading.faults.map(({ line, message }) => ({
    line: line ?? null,
    kind: 'malformed' as const,
    severity: 'error' as const,
    message,
  }));
  return {
    kind: reading.kind,
    module: reading.module ?? null,
    lines: lines.map(({ target: _, replaces: __, ...line }) => line),
    findings: malformed,
    numbers: {
      modules: new Set(lines.map(({ module }) => module)).size,
      published: count(({ status }) => status === 'published'),
      absent: count(({ status }) => status === 'absent'),
      rejected: count(({ status }) => status === 'rejected'),
      vulnerable: count(has('vulnerable')),
      outdated: count(has('outdated')),
    },
    fix: fixOf(lines),
  };
}

interface Examined extends DoctorLine {
  /** The version to use instead. */
  target: string | undefined;
  replaces: string | undefined;
}

function examine(
  asked: Asked,
  kind: Reading['kind'],
  known: Knowledge,
  highest: ReadonlyMap<string, string>,
): Examined {
  const version = known.version(asked);
  const module = known.module(asked);
  const newest = module?.status === 'published' ? module.newest : undefined;
  const status = version?.status === 'published' || version?.status === 'rejected' ? version.status : 'absent';
  const findings: Finding[] = [];
  const find = (kind: Finding['kind'], severity: Finding['severity'], message: string) =>
    findings.push({ kind, severity, message });
  let target: string | undefined;

  const isReplaced = asked.replacedBy !== undefined;
  if (isReplaced) find('replaced', 'notice', `it is replaced by ${asked.replacedBy}, so nothing is built with it`);
  else if (status === 'rejected') {
    find('rejected', 'error', `it was refused here: ${version?.reasons.map(({ message }) => message).join('; ')}`);
    target = newest;
  } else if (status === 'absent') {
    find('absent', 'notice', absence(asked, version));
  }
  if (version !== undefined && asked.hash !== undefined && version.hash !== undefined && version.hash !== asked.hash) {
    find('hash', 'error', `its content here is ${version.hash}, not what this line says: somebody has changed it`);
  }
  if (!isReplaced && version?.retracted !== undefined) {
    find('retracted', 'warning', `its author has retracted it${version.retracted && `: ${version.retracted}`}`);
    target = newest;
  }
  // go.sum keeps lines of versions that are no longer used: only the highest of a module can be.
  const counts = kind === 'go.mod' ? !isReplaced : highest.get(asked.module) === asked.version && !asked.goModOnly;
  if (counts && version !== undefined && version.vulnerabilities.length > 0) {
    const fixed = known.fixedIn(asked);
    const ids = version.vulnerabilities.join(', ');
    find(
      'vulnerable',
      'error',
      `it has ${ids}${fixed === undefined ? '; no version has a fix' : `, fixed in ${fixed}`}`,
    );
    target = later(target, fixed);
  }
  const isOutdated = newest !== undefined && compareVersions(newest, asked.version) > 0;
  if (counts && isOutdated) {
    find('outdated', 'notice', `${newest} is newer`);
    target ??= newest;
  }
  if (counts && module !== undefined && module.deprecated !== '') {
    find('deprecated', 'warning', `its author has deprecated it: ${module.deprecated}`);
  }
  const major = counts ? known.laterMajor(asked) : undefined;
  if (major !== undefined) find('major', 'notice', `there is a newer major version, ${major.module} ${major.newest}`);
  if (counts && status === 'published' && version?.licences.length === 0) {
    find('licence', 'warning', 'no licence was recognised: nobody may use it without asking');
  }
  if (target === asked.version) target = undefined;
  return {
    line: asked.line,
    module: asked.module,
    version: asked.version,
    indirect: asked.indirect,
    status,
    licences: version?.licences ?? [],
    newest: newest ?? null,
    vulnerabilities: version?.vulnerabilities ?? [],
    findings,
    instead: insteadOf(asked, kind, version, target),
    target: counts ? target : undefined,
    replaces: asked.replaces,
  };
}

function absence({ goModOnly }: Asked, version: VersionSummary | undefined): string {
  if (goModOnly) return 'it is not here; only its go.mod was needed, so that is well';
  if (version !== undefined) {
    return `it was asked for and not found: ${version.reasons.map(({ message }) => message).join('; ')}`;
  }
  return 'it is not here yet; it is fetched when it is first used, or asked for';
}

function insteadOf(asked: Asked, kind: Reading['kind'], version: VersionSummary | undefined, target?: string) {
  const { before, module, indirect, hash } = asked;
  if (kind === 'go.mod') {
    return target === undefined ? null : `${before}${module} ${target}${indirect ? ' // indirect' : ''}`;
  }
  // Nobody edits a go.sum to upgrade; but a hash that is wrong can be told.
  if (hash === undefined || version?.hash === undefined || version.hash === hash) return null;
  return `${module} ${asked.version} ${version.hash}`;
}

/** One command for all; go.sum follows. */
function fixOf(lines: readonly Examined[]): string {
  const wanted = lines.flatMap(line => {
    // What is only outdated among the indirect ones follows from the direct ones.
    const matters = !line.indirect || line.findings.some(({ severity }) => severity !== 'notice');
    return line.target !== undefined && matters ? [{ ...line, name: `${line.module}@${line.target}` }] : [];
  });
  const got = wanted.filter(({ replaces }) => replaces === undefined).map(({ name }) => name);
  const edited = wanted.flatMap(({ replaces, name }) => (replaces === undefined ? [] : `-replace=${replaces}=${name}`));
  return [
    ...(edited.length > 0 ? [`go mod edit ${edited.join(' ')}`] : []),
    ...(got.length > 0 ? [`go get ${[...new Set(got)].join(' ')}`] : []),
  ].join(' && ');
}

function highestVersions(asked: readonly Asked[]): Map<string, string> {
  const highest = new Map<string, string>();
  for (const { module, version, goModOnly } of asked) {
    const other = highest.get(module);
    if (!goModOnly && (other === undefined || compareVersions(version, other) > 0)) highest.set(module, version);
  }
  return highest;
}

const later = (a: string | undefined, b: string | undefined) =>
  a === undefined || b === undefined ? (b ?? a) : compareVersions(a, b) < 0 ? b : a;
