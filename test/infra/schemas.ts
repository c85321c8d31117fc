import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** JSON schemas for kubeconform, made of what is on this machine: Kubernetes' OpenAPI and the custom kinds' definitions. */

type Schema = { [field: string]: unknown };

export interface Definition {
  spec: {
    group: string;
    names: { kind: string };
    versions: readonly { name: string; schema?: { openAPIV3Schema?: object } }[];
  };
}

/** Kubeconform's own template for a folder of schemas. */
export const schemaTemplate = (folder: string) =>
  join(folder, '{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json');

/** It calls the core group by its version. */
const fileOf = (group: string, version: string, kind: string) =>
  `${group || version}_${version}_${kind.toLowerCase()}.json`;

/** Writes a schema for each of Kubernetes' own kinds, as the API server of that module would check it. */
export async function writeKubernetesSchemas(folder: string, kubernetesModule: string): Promise<void> {
  const file = join(kubernetesModule, 'api', 'openapi-spec', 'swagger.json');
  const { definitions } = JSON.parse(await readFile(file, 'utf8')) as { definitions: Record<string, Schema> };
  const strict = Object.fromEntries(Object.entries(definitions).map(([name, each]) => [name, closed(each)]));
  await mkdir(folder, { recursive: true });
  const wanted = Object.entries(definitions).flatMap(([name, schema]) =>
    ((schema['x-kubernetes-group-version-kind'] ?? []) as { group: string; version: string; kind: string }[]).map(
      ({ group, version, kind }) => ({ name, file: fileOf(group, version, kind) }),
    ),
  );
  await Promise.all(
    wanted.map(({ name, file }) => {
      const reached: Record<string, Schema> = {};
      reach(strict, name, reached);
      return writeFile(join(folder, file), JSON.stringify({ ...strict[name], definitions: reached }));
    }),
  );
}

/** Writes a schema for each version of custom kinds. */
export async function writeCustomSchemas(folder: string, definitions: readonly Definition[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { spec } of definitions) {
    for (const { name, schema } of spec.versions) {
      if (schema?.openAPIV3Schema === undefined) continue;
      const root = closed(schema.openAPIV3Schema as Schema);
      // Every object has these, whether its definition says so or not; metadata is checked by the API server.
      const common = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };
      const properties = { ...(root.properties as Schema), ...common };
      await writeFile(join(folder, fileOf(spec.group, name, spec.names.kind)), JSON.stringify({ ...root, properties }));
    }
  }
}

export const readDefinitions = async (file: string): Promise<Definition[]> =>
  parseAllDocuments(await readFile(file, 'utf8')).map(document => document.toJS() as Definition);

/** The schema with every object closed that names its fields: what is misspelt is an error, as with strict validation. */
function closed(schema: Schema): Schema {
  const result: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    // Alternatives (anyOf, not …) name some fields of an object that is closed already.
    if (!isSchema(value) || key === 'not') result[key] = value;
    else if (key === 'properties') {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, closed(each as Schema)]));
    } else result[key] = closed(value);
  }
  if (result.format === 'int-or-string' || result['x-kubernetes-int-or-string'] === true) {
    const { type: _type, format: _format, anyOf: _anyOf, ...rest } = result;
    return { ...rest, type: ['integer', 'string'] };
  }
  const open = result['x-kubernetes-preserve-unknown-fields'] === true;
  if (result.properties !== undefined && result.additionalProperties === undefined && !open) {
    result.additionalProperties = false;
  }
  return result;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Adds to `found` what `name` refers to, itself included. */
function reach(all: Readonly<Record<string, Schema>>, name: string, found: Record<string, Schema>): void {
  const schema = all[name];
  if (schema === undefined || found[name] !== undefined) return;
  found[name] = schema;
  for (const [, next] of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g))
    if (next) reach(all, next, found);
}
