import type { StageName } from '../../infra/stage.ts';
import { type Collected, collect } from '../infra/collect.ts';
import type { Resource } from './run.ts';

/** What the engine would show policies of a stage’s whole program. */
export async function stackOf(stage: StageName): Promise<Resource[]> {
  const { resources } = await collect(stage);
  const providers = resources.filter(({ type }) => type.startsWith('pulumi:providers:'));
  return resources.map(resource => shown(resource, providers));
}

function shown({ type, name, inputs, outputs, provider: providerName }: Collected, providers: Collected[]): Resource {
  const provider = providers.find(each => each.name === providerName);
  return {
    type,
    name,
    props: revealed(inputs) as Resource['props'],
    outputs: revealed(outputs) as Resource['props'],
    ...(provider && { provider: { type: provider.type, props: provider.inputs } }),
  };
}

/** Policies are given secrets as plain values; a program's inputs have them wrapped (`specialSigKey` of Pulumi's rpc.ts). */
function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  if ('4dabf18193072939515e22adb298388d' in value && 'value' in value) return revealed(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}
