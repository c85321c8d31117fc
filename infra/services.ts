/** The services of the platform. Names are those of `node services/main.ts <service>`, of their pods and identities. */
export const serviceNames = ['proxy', 'ui', 'ui-backend', 'processor', 'validator', 'discovery', 'notifier'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The node pools: `system` for what the cluster itself needs, `serving` for who waits, `workers` for what waits. */
export const poolNames = ['system', 'serving', 'workers'] as const;
export type PoolName = (typeof poolNames)[number];

/** On which nodes a service runs. */
export const poolOf: Readonly<Record<ServiceName, PoolName>> = {
  proxy: 'serving',
  ui: 'serving',
  'ui-backend': 'serving',
  processor: 'workers',
  validator: 'workers',
  discovery: 'workers',
  notifier: 'workers',
};

/** Label of a node that says its pool; tainted pools have a taint of the same key and value. */
export const poolLabel = 'gocenter/pool';

/** What comes as a file from Secret Manager: the variable that names the file, and who may read it. */
export const secretFiles = {
  tokens: { variable: 'TOKENS_FILE', file: 'tokens.json', readers: ['proxy', 'ui-backend', 'notifier'] },
  'catalogue-password': { variable: 'CATALOGUE_PASSWORD_FILE', file: 'catalogue-password', readers: ['ui-backend'] },
  'slack-token': { variable: 'SLACK_TOKEN_FILE', file: 'slack-token', readers: ['notifier'] },
  'hook-secrets': { variable: 'HOOK_SECRETS_FILE', file: 'hook-secrets.json', readers: ['discovery', 'notifier'] },
} as const satisfies Record<string, { variable: string; file: string; readers: readonly ServiceName[] }>;
export type SecretName = keyof typeof secretFiles;
