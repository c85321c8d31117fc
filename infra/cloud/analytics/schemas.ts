interface Column {
  name: string;
  type: 'STRING' | 'TIMESTAMP' | 'DATE' | 'INTEGER' | 'RECORD';
  mode?: 'REQUIRED' | 'NULLABLE';
  fields?: Column[];
}

const text = (name: string): Column => ({ name, type: 'STRING' });

/**
 * What the views read of log entries. Sinks add columns for everything else that they find:
 * https://cloud.google.com/logging/docs/export/bigquery
 */
export const rawTables: Readonly<Record<'downloads' | 'requests', Column[]>> = {
  downloads: [
    { name: 'timestamp', type: 'TIMESTAMP' },
    { name: 'jsonPayload', type: 'RECORD', fields: [text('module'), text('version')] },
  ],
  requests: [
    { name: 'timestamp', type: 'TIMESTAMP' },
    { name: 'httpRequest', type: 'RECORD', fields: [text('requestUrl'), { name: 'status', type: 'INTEGER' }] },
  ],
};

export const daily: Column[] = [
  { name: 'day', type: 'DATE', mode: 'REQUIRED' },
  { name: 'module', type: 'STRING', mode: 'REQUIRED' },
  { name: 'version', type: 'STRING', mode: 'REQUIRED' },
  { name: 'downloads', type: 'INTEGER', mode: 'REQUIRED' },
];
