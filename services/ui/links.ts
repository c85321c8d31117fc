/** Addresses of our pages. Paths and versions have no characters that a path of an address may not have. */

export const moduleLink = (module: string, version?: string, tab?: string): string => {
  const path = `/${encodeURI(version === undefined ? module : `${module}@${version}`)}`;
  return tab === undefined ? path : `${path}?tab=${tab}`;
};

/** With a query of what is defined and not empty. */
export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

export const searchLink = (query: Record<string, string | undefined>): string => withQuery('/search', query);

export const compareLink = (module: string, from: string, to: string): string =>
  withQuery('/compare', { module, from, to });

export const includeLink = (module: string, version?: string): string => withQuery('/include', { module, version });

export const watchLink = (subject: { module: string } | { q: string }): string => withQuery('/watch', { ...subject });

/** An address that may stand in a link: of the web, and of nothing that runs. */
export function webAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}
