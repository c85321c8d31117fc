import { readFile, writeFile } from 'node:fs/promises';
import type { Pair } from './certificates.ts';

/** Writes a kubeconfig (JSON, which is YAML) that signs in at `server` with a certificate. */
export async function writeKubeconfig(file: string, server: string, caFile: string, user: Pair): Promise<string> {
  const base64 = async (path: string) => (await readFile(path)).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': await base64(caFile) } }],
    users: [
      {
        name: 'test',
        user: { 'client-certificate-data': await base64(user.cert), 'client-key-data': await base64(user.key) },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
  await writeFile(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  return file;
}
