/**
 * Reads txtar, the text archive of the Go project's own tests (golang.org/x/tools/txtar): a comment, then files, each
 * after a line `-- name --`.
 */
export interface Archive {
  comment: string;
  files: Record<string, string>;
}

export function parseTxtar(text: string): Archive {
  const [comment = '', ...parts] = text.split(/^-- (.+) --\r?\n/m);
  const files: Record<string, string> = {};
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [name = '', content = ''] = parts.slice(i, i + 2);
    files[name] = content;
  }
  return { comment, files };
}
