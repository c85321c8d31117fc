/** A metric as an expression names it, with the labels that it matches. */
export interface Use {
  metric: string;
  labels: string[];
}

/** The metrics of a PromQL expression. Enough for ours, which have no comments and no braces in strings. */
export function usesOf(expr: string): Use[] {
  const matched = /([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}/g;
  const uses = [...expr.matchAll(matched)].map(([, metric = '', matchers = '']) => ({
    metric,
    labels: [...matchers.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
  const bare = expr
    .replace(matched, ' ')
    .replace(/"[^"]*"/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ')
    .replace(/\boffset\s+\w+/g, ' ');
  for (const [, name = ''] of bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])/g)) {
    if (!['and', 'or', 'unless', 'bool'].includes(name)) uses.push({ metric: name, labels: [] });
  }
  return uses;
}
