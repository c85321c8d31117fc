import type { Unit } from '../analytics/questions.ts';
import { escapeControls } from './command.ts';

/** Rows of an answer as text: for people, for spreadsheets, for programs. */
export type Columns = Readonly<Record<string, Unit>>;
export type Row = Readonly<Record<string, unknown>>;

export const formats = {
  table: formatTable,
  csv: formatCsv,
  json: (_: Columns, rows: readonly Row[]) => `${JSON.stringify(rows, undefined, 2)}\n`,
} as const;
export type Format = keyof typeof formats;

/** Aligned columns, numbers to the right, in units for people. */
function formatTable(columns: Columns, rows: readonly Row[]): string {
  const units = Object.entries(columns);
  const cells = rows.map(row => units.map(([name, unit]) => escapeControls(forPeople(unit, row[name]))));
  const lines = [units.map(([name]) => name), ...cells];
  const widths = units.map((_, column) => lines.reduce((width, line) => Math.max(width, line[column]?.length ?? 0), 0));
  const aligned = lines.map(line =>
    line.map((cell, column) => {
      const width = widths[column] ?? 0;
      const unit = units[column]?.[1];
      return unit === 'text' || unit === 'flag' ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
  return aligned.map(line => `${line.join('  ').trimEnd()}\n`).join('');
}

function forPeople(unit: Unit, value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  switch (unit) {
    case 'count':
      return Number(value).toLocaleString('en');
    case 'bytes':
      return bytesForPeople(Number(value));
    case 'part':
      return `${(Number(value) * 100).toFixed(1)} %`;
    case 'flag':
      return value === true ? 'yes' : 'no';
    case 'text':
      return String(value);
  }
}

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Of 1024, with one decimal from KiB on. */
function bytesForPeople(bytes: number): string {
  const step = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${step === 0 ? bytes : (bytes / 1024 ** step).toFixed(1)} ${steps[step]}`;
}

/** RFC 4180, with a header; values as they are. */
function formatCsv(columns: Columns, rows: readonly Row[]): string {
  const names = Object.keys(columns);
  const lines = [names, ...rows.map(row => names.map(name => String(row[name] ?? '')))];
  const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return lines.map(line => `${line.map(quoted).join(',')}\r\n`).join('');
}
