import { type Answer, changed, type UpstreamFault, zipUnder } from './faults.ts';
import { type FixtureModule, goModOf, infoOf, isPseudo, moduleZip } from './module.ts';

/** What a GOPROXY that has these modules answers; a fault may make it answer something else. */
export function createAnswers() {
  const modules = new Map<string, FixtureModule[]>();
  const zips = new WeakMap<FixtureModule, Promise<Buffer>>();

  function add(module: FixtureModule): void {
    modules.set(module.path, [...(modules.get(module.path) ?? []), module]);
  }

  /** Zips are made once: the large ones take a while. */
  function zipOf(module: FixtureModule): Promise<Buffer> {
    const zip = zips.get(module) ?? moduleZip(module);
    zips.set(module, zip);
    return zip;
  }

  function find(path: string, query: string, extension: string, fault: UpstreamFault | undefined) {
    const wanted = fault?.kind === 'other' ? fault : { path, version: query };
    const versions = modules.get(wanted.path) ?? [];
    const found =
      versions.find(({ version }) => version === wanted.version) ??
      (extension === 'info' ? versions.find(({ queries }) => queries?.includes(query)) : undefined);
    return found && fault?.kind === 'changed' ? changed(found) : found;
  }

  async function answer(path: string, fault: UpstreamFault | undefined): Promise<Answer> {
    const [, escaped = '', latest, file = ''] = /^\/(.+)\/(?:(@latest)|@v\/(.+))$/.exec(path) ?? [];
    const name = unescapeCase(escaped);
    const versions = modules.get(name);
    if (versions === undefined) return notFound(`module ${name}`);
    if (latest) return json(infoOf(latestOf(versions)));
    if (file === 'list')
      return text(versions.filter(({ version }) => !isPseudo(version)).map(({ version }) => `${version}\n`));

    const [, asked = '', extension = ''] = /^(.+)\.(info|mod|zip)$/.exec(file) ?? [];
    const module = find(name, unescapeCase(asked), extension, fault);
    if (module === undefined) return notFound(`${name}@${asked}: unknown revision`);
    if (extension === 'info') return json(infoOf(module));
    if (extension === 'mod') return text([goModOf(module)]);
    const body = fault?.kind === 'bomb' ? await zipUnder(fault, module) : await zipOf(module);
    return { status: 200, headers: { 'content-type': 'application/zip' }, body };
  }

  return { add, answer };
}

/** Highest release, else highest pre-release, else the newest; the fixtures are in that order already. */
function latestOf(versions: readonly FixtureModule[]): FixtureModule {
  const last =
    versions.findLast(({ version }) => !version.includes('-')) ??
    versions.findLast(({ version }) => !isPseudo(version)) ??
    versions.at(-1);
  if (last === undefined) throw new Error('a module without versions');
  return last;
}

const unescapeCase = (escaped: string) => escaped.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const plain = { 'content-type': 'text/plain; charset=utf-8' };

export const text = (lines: readonly string[]): Answer => ({
  status: 200,
  headers: plain,
  body: Buffer.from(lines.join('')),
});

const json = (value: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
});

export const notFound = (what: string): Answer => ({
  status: 404,
  headers: plain,
  body: Buffer.from(`not found: ${what}\n`),
});
