import { makeBadge } from 'badge-maker';
import { asFault } from '../errors.ts';
import type { Module } from './schemas/module.ts';

export const badgeKinds = ['version', 'licence', 'downloads', 'vulnerabilities', 'kept'] as const;
export type BadgeKind = (typeof badgeKinds)[number];

interface Badge {
  label: string;
  message: string;
  color: string;
}

const absent: Badge = { label: 'GoCenter', message: 'not here', color: 'lightgrey' };

const badges: Record<BadgeKind, (module: Module) => Badge> = {
  version: ({ newest, status }) =>
    status === 'published' ? { label: 'GoCenter', message: newest, color: 'blue' } : absent,
  licence: ({ licences }) =>
    licences.length === 0
      ? { label: 'licence', message: 'unknown', color: 'lightgrey' }
      : { label: 'licence', message: licences.join(', '), color: 'blue' },
  downloads: ({ downloads }) => ({ label: 'downloads', message: `${short(downloads)}/month`, color: 'blue' }),
  vulnerabilities: ({ vulnerabilities: { length } }) => ({
    label: 'vulnerabilities',
    message: String(length),
    color: length === 0 ? 'brightgreen' : 'red',
  }),
  kept: ({ versions, status }) =>
    status === 'published'
      ? { label: 'kept', message: versions === 1 ? '1 version' : `${short(versions)} versions`, color: 'brightgreen' }
      : { ...absent, label: 'kept', message: 'no' },
};

/**
 * A badge as SVG text. One for a module that is not here, or must not be seen, says so: pages that hold it show it.
 * Throws what `ask` throws unless that is `not-found` or `invalid`.
 */
export async function badge(kind: BadgeKind, ask: () => Promise<Module>): Promise<string> {
  try {
    return draw(badges[kind](await ask()));
  } catch (error) {
    const { kind } = asFault(error);
    if (kind === 'not-found' || kind === 'invalid') return draw(absent);
    throw error;
  }
}

/** badge-maker escapes markup but lets through what no XML may hold. */
const draw = ({ label, message, color }: Badge) =>
  makeBadge({
    label,
    message: message.replaceAll(/[\x00-\x1f\x7f\ufffe\uffff]/g, ' ').slice(0, 60),
    color,
    style: 'flat',
  });

const format = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const short = (count: number) => format.format(count);
