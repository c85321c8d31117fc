import { IAMMember } from '@pulumi/gcp/projects/index.js';
import { SecretVersion } from '@pulumi/gcp/secretmanager/index.js';
import { Database as Catalogue, DatabaseInstance, User } from '@pulumi/gcp/sql/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random/index.js';
import type { Stage } from '../stage.ts';

export interface DatabaseArgs {
  project: string;
  region: string;
  /** Network that Google's range for databases is connected to. */
  network: Input<string>;
  /** IAM members of the services that use it, by the name of the service. */
  users: Readonly<Record<string, Input<string>>>;
  /** Secret that the generated password is written to, `projects/…/secrets/<id>`. */
  passwordSecret: Input<string>;
  /** Size, availability, backups and protection. */
  values: Stage['database'];
  labels: Readonly<Record<string, string>>;
}

/**
 * PostgreSQL for the catalogue: a private address, connections by the Auth Proxy only, a password that nobody has seen. The
 * catalogue can be rebuilt from the store; its backups save the hours that this takes.
 */
export class Database extends ComponentResource {
  /** `project:region:instance`, as the Auth Proxy names it. */
  readonly connectionName: Output<string>;
  readonly database: Output<string>;
  readonly user: Output<string>;

  constructor(name: string, args: DatabaseArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Database', name, {}, opts);
    const parent = { parent: this };
    const { project, region, values, labels } = args;
    const instance = new DatabaseInstance(
      name,
      {
        name: 'gocenter',
        region,
        databaseVersion: 'POSTGRES_17',
        deletionProtection: values.deletionProtection,
        settings: {
          edition: 'ENTERPRISE',
          tier: values.tier,
          availabilityType: values.highAvailability ? 'REGIONAL' : 'ZONAL',
          diskType: 'PD_SSD',
          diskSize: values.diskGb,
          diskAutoresize: true,
          diskAutoresizeLimit: values.maxDiskGb,
          // By Google's own interface too, not only by Pulumi.
          deletionProtectionEnabled: values.deletionProtection,
          retainBackupsOnDelete: values.deletionProtection,
          connectorEnforcement: 'REQUIRED',
          ipConfiguration: {
            ipv4Enabled: false,
            privateNetwork: args.network,
            sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED',
          },
          backupConfiguration: {
            enabled: true,
            startTime: '01:00',
            location: region,
            pointInTimeRecoveryEnabled: true,
            transactionLogRetentionDays: 7,
            backupRetentionSettings: { retainedBackups: values.backups, retentionUnit: 'COUNT' },
          },
          maintenanceWindow: { day: 7, hour: 3, updateTrack: 'stable' },
          insightsConfig: { queryInsightsEnabled: true, recordApplicationTags: true, recordClientAddress: false },
          databaseFlags: [
            { name: 'log_lock_waits', value: 'on' },
            { name: 'log_min_duration_statement', value: '1000' },
            { name: 'cloudsql.enable_pgaudit', value: 'on' },
          ],
          userLabels: labels,
        },
      },
      // It grows by itself; the size is what it began with.
      { parent: this, ignoreChanges: ['settings.diskSize'] },
    );
    // A user who owns tables can't be deleted, nor a database that is in use: both go with their instance.
    const withInstance = { deletionPolicy: 'ABANDON' };
    const catalogue = new Catalogue(
      `${name}-catalogue`,
      { name: 'catalogue', instance: instance.name, charset: 'UTF8', collation: 'en_US.UTF8', ...withInstance },
      parent,
    );
    const password = new RandomPassword(`${name}-password`, { length: 40, special: false }, parent);
    const user = new User(
      `${name}-user`,
      { name: 'catalogue', instance: instance.name, password: password.result, ...withInstance },
      parent,
    );
    new SecretVersion(
      `${name}-password-version`,
      { secret: args.passwordSecret, secretData: password.result },
      { parent: this, dependsOn: user },
    );
    for (const [service, member] of Object.entries(args.users)) {
      const only = {
        title: 'only this instance',
        expression: interpolate`resource.name == "projects/${project}/instances/${instance.name}" && resource.service == "sqladmin.googleapis.com"`,
      };
      new IAMMember(
        `${name}-${service}-connects`,
        { project, role: 'roles/cloudsql.client', member, condition: only },
        parent,
      );
    }
    this.connectionName = instance.connectionName;
    this.database = catalogue.name;
    this.user = user.name;
    this.registerOutputs({ connectionName: this.connectionName });
  }
}
