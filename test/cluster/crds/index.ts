import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1CustomResourceDefinition } from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import { moduleFolder } from '../../tools/module.ts';
import { type Client, until } from '../client.ts';

/** Definitions as their own projects ship them, in Go modules. */
const shipped: Readonly<Record<string, string[]>> = {
  'sigs.k8s.io/gateway-api': ['gatewayclasses', 'gateways', 'httproutes', 'referencegrants'].map(
    kind => `config/crd/standard/gateway.networking.k8s.io_${kind}.yaml`,
  ),
  'github.com/kedacore/keda/v2': ['scaledobjects', 'triggerauthentications', 'clustertriggerauthentications'].map(
    kind => `config/crd/bases/keda.sh_${kind}.yaml`,
  ),
};

/** Kinds that GKE brings and no module ships, written down from its documentation. */
const ours = join(import.meta.dirname, '..', '..', 'infra', 'crds', 'google.yaml');

/** The custom kinds that their projects ship. */
export async function readDefinitions(): Promise<V1CustomResourceDefinition[]> {
  const modules = await Promise.all(
    Object.keys(shipped).map(async module => [module, await moduleFolder('crds', module)] as const),
  );
  const files = modules.flatMap(([module, folder]) => (shipped[module] ?? []).map(file => join(folder, file)));
  return Promise.all(files.map(async file => parse(await readFile(file, 'utf8')) as V1CustomResourceDefinition));
}

/** Installs all custom kinds that the workloads use and waits until the API server serves each. */
export async function installDefinitions(client: Client): Promise<void> {
  const google = parseAllDocuments(await readFile(ours, 'utf8')).map(each => each.toJS() as V1CustomResourceDefinition);
  const definitions = [...(await readDefinitions()), ...google];
  await Promise.all(definitions.map(definition => client.apply(definition)));
  await Promise.all(
    definitions.map(({ metadata }) => {
      const name = metadata?.name ?? '';
      return until(`${name} is served`, 30_000, async () => {
        const { status } = await client.read<V1CustomResourceDefinition>({
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'CustomResourceDefinition',
          metadata: { name },
        });
        return status?.conditions?.find(({ type, status }) => type === 'Established' && status === 'True');
      });
    }),
  );
}
