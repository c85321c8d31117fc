import { ApiException, type V1Status } from '@kubernetes/client-node';
import { inject } from 'vitest';
import { Client } from './client.ts';

export const cluster = inject('cluster');
export const withoutCluster = inject('withoutCluster');

/** A name that is skipped visibly where there is no cluster. */
export const title = (name: string) => (withoutCluster === undefined ? name : `${name} (skipped: ${withoutCluster})`);

export function connect(): Client {
  if (cluster === undefined) throw new Error('no cluster, and the test was not skipped');
  return Client.connect(cluster.kubeconfig);
}

/** The sentence with which the API server refuses what `attempt` does; undefined when it does not. */
export async function refusal(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const body: unknown = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
    return (body as V1Status).message ?? error.message;
  }
}
