import { SaxesParser } from 'saxes';

/** Parses strictly; the elements with their text, in order. */
export function parseXml(text: string): { name: string; text: string; attributes: Record<string, string> }[] {
  const parser = new SaxesParser();
  const elements: { name: string; text: string; attributes: Record<string, string> }[] = [];
  const open: typeof elements = [];
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, text: '', attributes: attributes as Record<string, string> };
    elements.push(element);
    open.push(element);
  });
  parser.on('text', part => {
    const top = open.at(-1);
    if (top !== undefined) top.text += part;
  });
  parser.on('closetag', () => open.pop());
  parser.on('error', error => {
    throw error;
  });
  parser.write(text).close();
  return elements;
}
