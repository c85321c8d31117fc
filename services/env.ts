/**
 * Kinds of environment variable: each parses text into a value or throws a sentence that says what to write instead.
 * config.ts makes the table of variables from these.
 */
export interface Variable<T> {
  parse(text: string): T;
  /** As it would be written in the environment; undefined when it is computed or must be given. */
  default: string | undefined;
  /** What it accepts, for the README's table. */
  accepts: string;
  /** One sentence for the README's table. */
  about: string;
}

interface Options {
  default?: string;
  about: string;
}

function variable<T>(accepts: string, options: Options, parse: (text: string) => T): Variable<T> {
  return { accepts, default: options.default, about: options.about, parse };
}

/** What has a form of its own; `parse` throws a sentence that says what to write instead. */
export const parsed = <T>(accepts: string, parse: (text: string) => T, options: Options): Variable<T> =>
  variable(accepts, options, parse);

export const text = (options: Options & { check?: (value: string) => void }) =>
  variable('text', options, value => {
    options.check?.(value);
    return value;
  });

export const oneOf = <const T extends string>(values: readonly T[], options: Options): Variable<T> =>
  variable(values.map(value => `\`${value}\``).join(', '), options, value => {
    const found = values.find(candidate => candidate === value);
    if (found === undefined) throw new Error(`must be one of ${values.join(', ')}`);
    return found;
  });

export const flag = (options: Options): Variable<boolean> =>
  variable('`true`, `false`', options, value => {
    if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
    return value === 'true';
  });

export const integer = (min: number, max: number, options: Options): Variable<number> =>
  variable(`integer, ${min}–${max}`, options, value => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return number;
  });

/** 0 lets the system choose a free one. */
export const port = (options: Options): Variable<number> => ({ ...integer(0, 65_535, options), accepts: 'port' });

const byteUnits: Record<string, number> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export const bytes = (options: Options): Variable<number> =>
  variable('size: `64KiB`, `256MiB`', options, value => {
    const [, digits, unit] = /^(\d+)\s*([A-Za-z]*)$/.exec(value) ?? [];
    const factor = byteUnits[unit ?? ''];
    if (digits === undefined || factor === undefined) throw new Error('must be a size such as 65536, 64KiB or 256MiB');
    const size = Number(digits) * factor;
    if (!Number.isSafeInteger(size)) throw new Error('is too large');
    return size;
  });

const timeUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parsed to milliseconds. */
export const duration = (options: Options & { min?: string; max?: string }): Variable<number> => {
  const parse = (value: string): number => {
    const [, digits, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(value) ?? [];
    const factor = timeUnits[unit ?? ''];
    if (digits === undefined || factor === undefined)
      throw new Error('must be a duration such as 500ms, 60s, 10m or 3d');
    return Number(digits) * factor;
  };
  const { min = '0s', max = '3650d' } = options;
  return variable('duration: `500ms`, `60s`, `3d`', options, value => {
    const result = parse(value);
    if (result < parse(min) || result > parse(max)) throw new Error(`must be from ${min} to ${max}`);
    return result;
  });
};

/** Comma-separated; blanks around elements are dropped, as are empty elements. */
export const list = (options: Options & { check?: (element: string) => void }): Variable<string[]> =>
  variable('comma-separated list', options, value => {
    const elements = value
      .split(',')
      .map(element => element.trim())
      .filter(element => element !== '');
    for (const element of elements) options.check?.(element);
    return elements;
  });

export const url = (options: Options): Variable<URL> =>
  variable('http or https address', options, value => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
      throw new Error('must be an address that begins with http:// or https://');
    }
    return parsed;
  });
