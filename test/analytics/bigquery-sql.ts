import bigquery from 'node-sql-parser/build/bigquery.js';

/** A node of the parser's tree, as far as it is looked at here. */
interface Node {
  type?: string;
  operator?: string;
  left?: Node;
  right?: Node;
  from?: unknown;
  where?: Node;
}

const parser = new bigquery.Parser();

/** Throws where this is no query of BigQuery's dialect, as far as the parser knows it. */
export const parseBigquery = (sql: string): Node => parser.astify(sql, { database: 'bigquery' }) as Node;

/** As SQL again, in one spelling. */
const written = (node: Node | undefined) =>
  node === undefined ? '' : parser.exprToSQL(node, { database: 'bigquery' });

/** For each SELECT that reads a table by its name: the conditions that all of its rows fulfil. */
export function conditionsOf(sql: string): string[][] {
  const found: string[][] = [];
  visit(parseBigquery(sql), node => {
    if (node.type !== 'select' || !JSON.stringify(node.from ?? []).includes('"table":"')) return;
    const reads = (node.from as { table?: string }[]).some(({ table }) => table !== undefined);
    if (reads) found.push(conjuncts(node.where).map(written));
  });
  return found;
}

function conjuncts(node: Node | null | undefined): Node[] {
  if (node === undefined || node === null) return [];
  return node.operator === 'AND' ? [...conjuncts(node.left), ...conjuncts(node.right)] : [node];
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (value === null || typeof value !== 'object') return;
  see(value as Node);
  for (const inner of Object.values(value)) visit(inner, see);
}
