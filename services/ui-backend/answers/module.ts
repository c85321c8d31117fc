import type { VersionSummary } from '../../catalogue/index.ts';
import { Fault } from '../../errors.ts';
import { checkModulePath } from '../../gomod/path.ts';
import type { VersionInfo } from '../../origin/index.ts';
import { readLog, readRelease, versionKey } from '../../records/index.ts';
import { readObject, type Storage } from '../../storage/index.ts';
import type { VersionSummary as SummaryAnswer } from '../schemas/module.ts';
import { type Handlers, moduleOf, notHere, orNull, publishedOf, textOrNull, versionOf } from './handlers.ts';
import { repositoryOf } from './repository.ts';
import { summaryAnswer } from './search.ts';

const infoLimit = 1 << 20;
const maxPackages = 2000;

type Names = 'module' | 'versions' | 'version' | 'readme' | 'packages' | 'goMod' | 'log';

export function createModuleAnswers(deps: {
  published: Storage;
  records: Storage;
  /** Downloads of each version in the last 30 days, without mirrors and CI; undefined when they are not known. */
  versionDownloads(module: string): Promise<ReadonlyMap<string, number> | undefined>;
}): Pick<Handlers, Names> {
  const { published, records } = deps;

  /** What the origin said of the version; undefined when it said nothing that can be read. */
  async function vcsOf(module: string, version: string): Promise<VersionInfo['Origin']> {
    const bytes = await readObject(published, `${versionKey(module, version)}.info`, infoLimit);
    if (bytes === undefined) return undefined;
    try {
      return (JSON.parse(bytes.toString()) as VersionInfo).Origin;
    } catch {
      return undefined;
    }
  }

  return {
    async module({ module }, view) {
      const found = await moduleOf(view, module);
      const vcs = await vcsOf(module, found.newest);
      return {
        ...summaryAnswer(found),
        rejected: found.history.filter(({ status }) => status === 'rejected').length,
        firstSeen: orNull(found.firstSeen),
        repository: orNull(repositoryOf(module, vcs?.URL)),
        majors: found.majors.map(major => ({
          module: major.module,
          newest: major.newest,
          time: orNull(major.time),
          deprecated: textOrNull(major.deprecated),
        })),
      };
    },

    async versions({ module, status, cursor, limit = 100 }, view) {
      const { history } = await moduleOf(view, module);
      const wanted = status === undefined ? history : history.filter(version => version.status === status);
      // The version before is a cursor that stays good when newer ones appear.
      const start = cursor === undefined ? 0 : wanted.findIndex(({ version }) => version === cursor) + 1;
      if (cursor !== undefined && start === 0) throw new Fault('invalid', 'cursor is none that was given here');
      const page = wanted.slice(start, start + limit);
      const downloads = await deps.versionDownloads(module);
      const last = page.at(-1)?.version;
      return {
        items: page.map(version => versionAnswer(version, downloads)),
        next: start + limit < wanted.length ? orNull(last) : null,
      };
    },

    async version(wanted, view) {
      const found = await versionOf(view, wanted);
      const { module, version } = found;
      const isPublished = found.status === 'published';
      const [downloads, vcs, release] = await Promise.all([
        deps.versionDownloads(module),
        isPublished ? vcsOf(module, version) : undefined,
        readRelease(records, module, version),
      ]);
      const { provenance, goMod } = found;
      return {
        module,
        ...versionAnswer(found, downloads),
        newest: found.newest,
        synopsis: found.synopsis,
        unreadable: orNull(found.unreadable),
        deprecated: textOrNull(found.deprecated),
        size: isPublished ? found.size : null,
        files: found.fileCount,
        packages: found.packages.length,
        licenceFiles: found.licenceFiles.map(({ id, confidence, file }) => ({ licence: id, confidence, file })),
        go: orNull(goMod?.go),
        toolchain: orNull(goMod?.toolchain),
        requirements: found.requirements.filter(({ indirect }) => !indirect).length,
        provenance:
          provenance === undefined
            ? null
            : {
                origin: provenance.origin,
                requestedAt: provenance.requestedAt,
                hash: provenance.hash,
                goModHash: provenance.goModHash,
                checksumDatabase: orNull(provenance.checksumDatabase),
                rules: provenance.rules,
                overruled: provenance.overruled,
                vcs: vcsAnswer(vcs),
              },
        release: release === undefined ? null : { at: release.at, by: release.by, reason: release.reason },
      };
    },

    async readme(wanted, view) {
      const { version, readme } = await publishedOf(view, wanted);
      if (readme === undefined) return { version, file: null, text: '', truncated: false };
      return { version, file: readme.file, text: readme.text, truncated: readme.truncated };
    },

    async packages(wanted, view) {
      const { version, packages, packagesComplete } = await publishedOf(view, wanted);
      const items = packages.slice(0, maxPackages);
      return {
        version,
        items: items.map(({ path, name, synopsis, internal }) => ({ path, name, synopsis, internal })),
        more: !packagesComplete || packages.length > maxPackages,
      };
    },

    async goMod(wanted, view) {
      const { version, goModText } = await publishedOf(view, wanted);
      return { version, text: goModText };
    },

    async log({ module, version, limit = 50 }, view) {
      checkModulePath(module);
      if (!view.reader.maySee(module)) throw notHere(module, version);
      // A version may have been worked on without being known to the catalogue.
      const wanted = version ?? (await moduleOf(view, module)).newest;
      const runs = await readLog(records, module, wanted, limit);
      if (runs.length === 0) throw new Fault('not-found', `nothing was done with ${module}@${wanted} yet`);
      return {
        version: wanted,
        runs: runs.map(({ service, startedAt, result, entries }) => ({
          service,
          startedAt,
          result,
          entries: entries.map(({ time, message, ...details }) => ({ time, message, details })),
        })),
      };
    },
  };
}

function versionAnswer(version: VersionSummary, downloads: ReadonlyMap<string, number> | undefined): SummaryAnswer {
  const isPublished = version.status === 'published';
  return {
    version: version.version,
    status: version.status,
    at: version.at,
    time: orNull(version.time),
    zipSize: isPublished ? version.zipSize : null,
    licences: version.licences,
    retracted: orNull(version.retracted),
    vulnerabilities: version.vulnerabilities,
    downloads: downloads === undefined ? null : (downloads.get(version.version) ?? 0),
    reasons: version.reasons.map(({ rule, message }) => ({ rule, message })),
  };
}

function vcsAnswer(vcs: VersionInfo['Origin']) {
  const { VCS, URL: url, Ref, Hash } = vcs ?? {};
  if (typeof VCS !== 'string' || typeof url !== 'string') return null;
  return { system: VCS, url: withoutCredentials(url), ref: orNull(Ref), commit: orNull(Hash) };
}

function withoutCredentials(address: string): string {
  if (!URL.canParse(address)) return '';
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}
