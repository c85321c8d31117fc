import { type ServiceName, serviceNames } from '../../../infra/services.ts';

/** An IAM member a service, as the identities give them. */
export const members = Object.fromEntries(serviceNames.map(name => [name, `serviceAccount:${name}`])) as Readonly<
  Record<ServiceName, string>
>;
