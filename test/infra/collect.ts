import { output, runtime } from '@pulumi/pulumi';
import type { StageName } from '../../infra/stage.ts';
import { configOf } from './stage-files.ts';

/** A resource as a stage's program declares it, components included. */
export interface Collected {
  /** `gcp:storage/bucket:Bucket` */
  type: string;
  name: string;
  /** With every input known: what a cloud would compute is made up from the name (see `computed`). */
  inputs: Record<string, unknown>;
  /** False for components. */
  custom: boolean;
  /** Name of its provider, from its reference; undefined when it would be the default one. */
  provider: string | undefined;
}

export interface CollectedStage {
  resources: Collected[];
  /** The stack's outputs. */
  outputs: Record<string, unknown>;
}

let runs = 0;

/** Runs the whole program of a stage without an engine. One at a time: Pulumi's runtime is global. */
export async function collect(stage: StageName): Promise<CollectedStage> {
  const resources: Collected[] = [];
  runtime.setAllConfig(configOf(stage));
  await runtime.setMocks(
    {
      newResource({ type, name, inputs, custom = true, provider }) {
        const reference = provider?.split('::').at(-2);
        resources.push({ type, name, inputs, custom, provider: reference });
        return { id: custom ? idOf(type, name) : undefined, state: { ...computed(type, name), ...inputs } };
      },
      call({ token }) {
        throw new Error(`the program asked the cloud: ${token}`);
      },
    },
    'gocenter',
    stage,
    false,
  );
  // Only the program itself does something when it is imported, so only it has to be imported anew.
  const index = new URL(`../../infra/index.ts?stage=${stage}&run=${++runs}`, import.meta.url).href;
  const program: Record<string, unknown> = await import(/* @vite-ignore */ index);
  const outputs = await promise({ ...program });
  await runtime.disconnect(false);
  return { resources, outputs };
}

const promise = <T>(value: T): Promise<T> => new Promise(resolve => output(value).apply(known => resolve(known as T)));

const idOf = (type: string, name: string) => `${type.split(':').at(-1)}/${name}`;

/** What Google would answer, by type; the rest has no answers that the program uses. */
function computed(type: string, name: string): Record<string, unknown> {
  const account = `${name}@example.iam.gserviceaccount.com`;
  const answers: Readonly<Record<string, Record<string, unknown>>> = {
    'gcp:serviceaccount/account:Account': {
      email: account,
      member: `serviceAccount:${account}`,
      name: `projects/example/serviceAccounts/${account}`,
    },
    'gcp:projects/serviceIdentity:ServiceIdentity': { email: account, member: `serviceAccount:${account}` },
    'gcp:compute/globalAddress:GlobalAddress': { address: '203.0.113.10' },
    'gcp:compute/address:Address': { address: '203.0.113.20', selfLink: `https://example/${name}` },
    'gcp:container/cluster:Cluster': {
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: 'gke-example.europe-west1.gke.goog' } },
    },
    'gcp:certificatemanager/dnsAuthorization:DnsAuthorization': {
      dnsResourceRecords: [{ name: `_acme-challenge.${name}.`, type: 'CNAME', data: `${name}.authorize.goog.` }],
    },
    'gcp:dns/managedZone:ManagedZone': { nameServers: ['ns-cloud-a1.googledomains.com.'] },
    'gcp:sql/databaseInstance:DatabaseInstance': { connectionName: `example:europe-west1:${name}`, name },
    'gcp:logging/projectSink:ProjectSink': { writerIdentity: `serviceAccount:writer-of-${name}@example` },
    'gcp:secretmanager/secretVersion:SecretVersion': { name: `projects/example/secrets/${name}/versions/1` },
    'random:index/randomPassword:RandomPassword': { result: `random-${name}` },
  };
  return { name, ...answers[type] };
}
