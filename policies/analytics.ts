import { Dataset } from '@pulumi/gcp/bigquery/dataset.js';
import { DatasetAccess } from '@pulumi/gcp/bigquery/datasetAccess.js';
import { DatasetIamMember } from '@pulumi/gcp/bigquery/datasetIamMember.js';
import { Table } from '@pulumi/gcp/bigquery/table.js';
import { ProjectSink } from '@pulumi/gcp/logging/projectSink.js';
import { each, ifKnown } from './check.ts';
import { cloudPolicy, stackPolicy } from './define.ts';
import { list } from './settings.ts';

export const sinkPartitioned = cloudPolicy(ProjectSink, {
  name: 'sink-partitioned',
  description: 'Checks that log sinks to BigQuery write one partitioned table, not a table a day.',
  check(sink, say) {
    const destination = ifKnown(() => sink.destination);
    if (destination !== undefined && !destination.startsWith('bigquery.')) return;
    if (sink.bigqueryOptions?.usePartitionedTables === true) return;
    if (destination === undefined && !sink.bigqueryOptions) return;
    say('bigqueryOptions.usePartitionedTables', 'is not true', 'set it to true');
  },
});

export const sinkWriter = cloudPolicy(ProjectSink, {
  name: 'sink-writer',
  description: 'Checks that every log sink writes as an identity of its own.',
  check(sink, say) {
    // Not given, it is true.
    if (sink.uniqueWriterIdentity === false) {
      say('uniqueWriterIdentity', 'it writes as an account that all sinks share', 'set it to true');
    }
  },
});

export const sinkRights = stackPolicy({
  name: 'sink-rights',
  description: 'Checks that the writer of every log sink may write to its dataset; otherwise the logs are dropped.',
  check(stack, say) {
    const writes = ({ props }: { props: { role?: string | undefined } }) => props.role === 'roles/bigquery.dataEditor';
    const members = stack.ofType(DatasetIamMember).filter(writes);
    const accesses = stack.ofType(DatasetAccess).filter(writes);
    each(stack.ofType(ProjectSink), ({ resource, props }) => {
      if (!('bigqueryOptions' in props)) return;
      const writer = ifKnown(() => props.writerIdentity);
      const isWriter = (member: string | undefined, from: (typeof resource)[] | undefined) =>
        member === undefined ? (from?.some(({ urn }) => urn === resource.urn) ?? false) : member === writer;
      const granted =
        members.some(({ props, resource }) =>
          isWriter(
            ifKnown(() => props.member),
            resource.propertyDependencies.member,
          ),
        ) ||
        accesses.some(({ props, resource }) => {
          const email = ifKnown(() => props.userByEmail);
          return isWriter(email && `serviceAccount:${email}`, resource.propertyDependencies.userByEmail);
        });
      if (granted) return;
      say(resource, '', 'its writer may not write to the dataset', 'grant it roles/bigquery.dataEditor on the dataset');
    });
  },
});

export const tablePartitioned = cloudPolicy(Table, {
  name: 'table-partitioned',
  description: 'Checks that tables are partitioned, and that no query can read all of them by mistake.',
  check(table, say) {
    if (table.view || table.materializedView || table.externalDataConfiguration) return;
    if (!table.timePartitioning && !table.rangePartitioning) {
      say('timePartitioning', 'every query reads the whole table', 'write one, by day');
    } else if (table.requirePartitionFilter !== true) {
      say('requirePartitionFilter', 'is not true', 'set it to true');
    }
  },
});

export const dataExpiry = cloudPolicy(Table, {
  name: 'table-expiry',
  description: 'Checks that what is kept of single requests expires.',
  settings: { kept: list(['*_daily', 'daily_*', '*daily*'], 'Ids of tables of sums, which may stay for ever.') },
  check(table, say, { settings }) {
    if (table.view || table.materializedView || table.externalDataConfiguration) return;
    const id = ifKnown(() => table.tableId) ?? '';
    if (settings.kept.some(pattern => id.includes(pattern.replaceAll('*', '')))) return;
    if ((table.timePartitioning?.expirationMs ?? 0) > 0 || (table.expirationTime ?? 0) > 0) return;
    say('timePartitioning.expirationMs', 'rows are kept for ever', 'write a time in milliseconds');
  },
});

export const datasetExpiry = cloudPolicy(Dataset, {
  name: 'dataset-expiry',
  description: 'Checks that tables which log sinks make in a dataset expire too.',
  check(dataset, say) {
    if ((dataset.defaultPartitionExpirationMs ?? 0) > 0 || (dataset.defaultTableExpirationMs ?? 0) > 0) return;
    const instead = 'write a time in milliseconds; tables that may stay say so themselves';
    say('defaultPartitionExpirationMs', 'what sinks write is kept for ever', instead);
  },
});
