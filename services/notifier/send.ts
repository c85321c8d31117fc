import type { Delivery } from './outbox.ts';

/** One attempt to deliver. Throws only what the records store throws. */
export type Send = (delivery: Delivery) => Promise<Result>;

export type Result =
  /** The target has it. */
  | { kind: 'delivered'; status: number; message: string }
  /** Nobody wants it any more. */
  | { kind: 'dropped'; message: string }
  /** It may work later. */
  | {
      kind: 'later';
      /** HTTP status; null when there was no answer. */
      status: number | null;
      message: string;
      /** Why, for operators; whoever made the watch sees `message` alone. */
      detail?: string;
      /** How long the target wants to be left alone, in ms. */
      pause?: number;
      /** When it is not known whether the target has it: the beginning of the first such attempt. */
      begun?: string;
      /** The target wants nothing any more, for good. */
      gone?: boolean;
    };
