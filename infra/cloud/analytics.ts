import { Dataset, DatasetAccess, DatasetIamMember, DataTransferConfig, Table } from '@pulumi/gcp/bigquery/index.js';
import { ProjectExclusion, ProjectSink } from '@pulumi/gcp/logging/index.js';
import { IAMMember } from '@pulumi/gcp/projects/index.js';
import { Account, IAMMember as AccountIAMMember } from '@pulumi/gcp/serviceaccount/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';
import type { Stage } from '../stage.ts';
import { dailyRollUp, downloadsView } from './analytics/queries.ts';
import { daily, rawTables } from './analytics/schemas.ts';

export interface AnalyticsArgs {
  project: string;
  /** Host name of the proxy: of the load balancer's log only its downloads are of interest. */
  proxyHost: string;
  /** IAM member of the service that writes the download log. */
  writer: Input<string>;
  /** IAM member of the service that reads the figures. */
  reader: Input<string>;
  /** IAM member of BigQuery's Data Transfer itself, which runs the roll-up. */
  transferAgent: Input<string>;
  values: Stage['analytics'];
  labels: Readonly<Record<string, string>>;
}

const raw = 'gocenter_logs';
const analytics = 'gocenter';
const dayInMs = 86_400_000;
/** Days at most that the load balancer's entries are kept: they have the clients' addresses. */
const addressDays = 30;

/**
 * What is downloaded: log entries flow through sinks into raw tables that expire; a view makes one row a request of them,
 * and a query a night sums these up by day, module and version, for ever. See docs/decisions/0009-downloads-in-bigquery.md.
 */
export class Analytics extends ComponentResource {
  /** Id of the dataset with the view `downloads` and the table `downloads_daily`. */
  readonly dataset: Output<string>;
  readonly downloads: Output<string>;

  readonly #name: string;
  readonly #args: AnalyticsArgs;

  constructor(name: string, args: AnalyticsArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Analytics', name, {}, opts);
    this.#name = name;
    this.#args = args;
    const { project, values, labels } = args;
    const parent = { parent: this };

    const logs = this.#dataset('logs', raw, 'Log entries as they came');
    const downloads = this.#raw('downloads', logs, values.rawDays);
    const requests = this.#raw('requests', logs, Math.min(values.rawDays, addressDays));
    const log = `logName="projects/${project}/logs/downloads"`;
    this.#sink('downloads', logs, downloads, [log]);
    // Sinks have them all the same; without this the `_Default` bucket would keep, and bill, each a second time.
    new ProjectExclusion(
      `${name}-downloads-exclusion`,
      { name: 'gocenter-downloads', description: 'Kept in BigQuery instead', filter: log },
      parent,
    );
    this.#sink('requests', logs, requests, [
      'resource.type="http_load_balancer"',
      `logName="projects/${project}/logs/requests"`,
      `httpRequest.requestUrl=~"^https://${args.proxyHost.replaceAll('.', String.raw`\.`)}/.+/@v/[^/]+[.](zip|mod|info)$"`,
      'httpRequest.cacheHit=true',
    ]);

    const dataset = this.#dataset('dataset', analytics, 'Downloads, by version and by day');
    const view = new Table(
      `${name}-downloads`,
      {
        datasetId: dataset.datasetId,
        tableId: 'downloads',
        view: { query: downloadsView({ project, dataset: raw }), useLegacySql: false },
        deletionProtection: values.deletionProtection,
        labels,
      },
      { parent: this, dependsOn: [downloads, requests] },
    );
    // So that who reads the view needs no right to the entries, some of which have addresses in them.
    new DatasetAccess(
      `${name}-view-reads-logs`,
      { datasetId: logs.datasetId, view: { projectId: project, datasetId: analytics, tableId: view.tableId } },
      parent,
    );
    const sums = new Table(
      `${name}-downloads-daily`,
      {
        datasetId: dataset.datasetId,
        tableId: 'downloads_daily',
        schema: JSON.stringify(daily),
        // A hundred years: without a number it is the dataset's.
        timePartitioning: { type: 'DAY', field: 'day', expirationMs: 36_500 * dayInMs },
        requirePartitionFilter: true,
        clusterings: ['module', 'version'],
        deletionProtection: values.deletionProtection,
        labels,
      },
      parent,
    );
    this.#rollUp(dataset, [view, sums]);

    const { writer, reader } = args;
    this.#onProject('writer', 'roles/logging.logWriter', writer);
    this.#onProject('reader', 'roles/bigquery.jobUser', reader);
    this.#onDataset('reader', dataset, 'roles/bigquery.dataViewer', reader);

    this.dataset = dataset.datasetId;
    this.downloads = view.tableId;
    this.registerOutputs({ dataset: this.dataset });
  }

  #dataset(id: string, datasetId: string, description: string) {
    const { values, labels } = this.#args;
    return new Dataset(
      `${this.#name}-${id}`,
      {
        datasetId,
        description,
        location: values.location,
        deleteContentsOnDestroy: !values.deletionProtection,
        // Of tables that don't say otherwise.
        defaultPartitionExpirationMs: values.rawDays * dayInMs,
        labels,
      },
      { parent: this },
    );
  }

  /** Made before its sink, which writes to the table of the log's name and would make one that the view can't wait for. */
  #raw(tableId: keyof typeof rawTables, dataset: Dataset, days: number): Table {
    const { values, labels } = this.#args;
    return new Table(
      `${this.#name}-raw-${tableId}`,
      {
        datasetId: dataset.datasetId,
        tableId,
        schema: JSON.stringify(rawTables[tableId]),
        timePartitioning: { type: 'DAY', field: 'timestamp', expirationMs: days * dayInMs },
        // Nobody reads all days by mistake.
        requirePartitionFilter: true,
        deletionProtection: values.deletionProtection,
        labels,
      },
      // The sink adds columns; taking them away again would be refused.
      { parent: this, ignoreChanges: ['schema'] },
    );
  }

  #sink(id: string, dataset: Dataset, table: Table, conditions: readonly string[]): void {
    const { project } = this.#args;
    const sink = new ProjectSink(
      `${this.#name}-${id}-sink`,
      {
        name: `gocenter-${id}`,
        destination: interpolate`bigquery.googleapis.com/projects/${project}/datasets/${dataset.datasetId}`,
        filter: conditions.join(' AND '),
        uniqueWriterIdentity: true,
        bigqueryOptions: { usePartitionedTables: true },
      },
      { parent: this, dependsOn: table },
    );
    // Not an IAM member: those take the view's right away.
    new DatasetAccess(
      `${this.#name}-${id}-sink-writes`,
      {
        datasetId: dataset.datasetId,
        role: 'roles/bigquery.dataEditor',
        userByEmail: sink.writerIdentity.apply(member => member.replace(/^serviceAccount:/, '')),
      },
      { parent: this },
    );
  }

  /** By an identity of its own, which the transfer service may act as. */
  #rollUp(dataset: Dataset, dependsOn: Table[]): void {
    const { project, values, transferAgent } = this.#args;
    const account = new Account(
      `${this.#name}-roll-up`,
      { accountId: 'gocenter-roll-up', displayName: 'GoCenter: daily sums of downloads' },
      { parent: this },
    );
    const acts = new AccountIAMMember(
      `${this.#name}-roll-up-agent`,
      { serviceAccountId: account.name, role: 'roles/iam.serviceAccountTokenCreator', member: transferAgent },
      { parent: this },
    );
    this.#onProject('roll-up', 'roles/bigquery.jobUser', account.member);
    const edits = this.#onDataset('roll-up', dataset, 'roles/bigquery.dataEditor', account.member);
    new DataTransferConfig(
      `${this.#name}-roll-up-query`,
      {
        displayName: 'Daily sums of downloads',
        dataSourceId: 'scheduled_query',
        location: values.location,
        schedule: 'every day 02:00',
        serviceAccountName: account.email,
        params: { query: dailyRollUp({ project, dataset: analytics }) },
      },
      { parent: this, dependsOn: [acts, edits, ...dependsOn] },
    );
  }

  #onProject(id: string, role: string, member: Input<string>): IAMMember {
    const { project } = this.#args;
    const suffix = role.slice(role.indexOf('.') + 1);
    return new IAMMember(`${this.#name}-${id}-${suffix}`, { project, role, member }, { parent: this });
  }

  #onDataset(id: string, dataset: Dataset, role: string, member: Input<string>): DatasetIamMember {
    const suffix = role.slice(role.indexOf('.') + 1);
    const args = { datasetId: dataset.datasetId, role, member };
    return new DatasetIamMember(`${this.#name}-${id}-${suffix}`, args, { parent: this });
  }
}
