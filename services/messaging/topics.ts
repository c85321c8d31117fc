import Type, { type Static } from 'typebox';

/**
 * The topics: one schema each, every message with the version `v` of its schema, keyed by module@version.
 * Paths and versions are unescaped and canonical. A consumer must accept every message twice and in any order.
 */

const version = {
  v: Type.Literal(1),
  module: Type.String({ maxLength: 1024 }),
  version: Type.String({ maxLength: 256 }),
};

/** How many requirements it is away from what was asked for; 0 without. Bounds how far discovery goes on. */
const depth = Type.Optional(Type.Integer({ minimum: 0, maximum: 100 }));

/** Somebody wants this version to be here. */
export const ModuleRequested = Type.Object({
  ...version,
  /** Who asked: the proxy on a miss, an operator, the discovery service, somebody on the page. */
  by: Type.Union([Type.Literal('proxy'), Type.Literal('operator'), Type.Literal('discovery'), Type.Literal('page')]),
  /** When it was first asked for, RFC 3339. */
  requestedAt: Type.String(),
  /** Fetch it again although it is published, and compare: differing bytes are an alarm, the published ones stay. */
  recheck: Type.Optional(Type.Boolean()),
  /** GOPROXYs that this request has come through already; bounds proxy loops. */
  hops: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  /** Its origin has just said that it is there: an absence found before counts no more. */
  announced: Type.Optional(Type.Boolean()),
  depth,
});

/** Its zip, mod and info are in quarantine, complete. */
export const ModuleFetched = Type.Object({
  ...version,
  requestedAt: Type.String(),
  /** The origin that gave it: an upstream's address without credentials, or `direct`. */
  origin: Type.String({ maxLength: 2048 }),
  recheck: Type.Optional(Type.Boolean()),
  depth,
});

/** It is published: checked, immutable, served for ever. */
export const ModulePublished = Type.Object({
  ...version,
  publishedAt: Type.String(),
  /** h1 hash of the zip. */
  hash: Type.String({ maxLength: 128 }),
  origin: Type.String({ maxLength: 2048 }),
  depth,
});

/** It was checked and refused. */
export const ModuleRejected = Type.Object({
  ...version,
  rejectedAt: Type.String(),
  reasons: Type.Array(Type.Object({ rule: Type.String(), message: Type.String() })),
});

/** A vulnerability became known that affects versions published here. */
export const VulnerabilityFound = Type.Object({
  v: Type.Literal(1),
  /** In the vulnerability database: GO-2024-1234. */
  id: Type.String({ maxLength: 64 }),
  module: Type.String({ maxLength: 1024 }),
  /** Affected ones that are published, newest first; the first 100. */
  versions: Type.Array(Type.String({ maxLength: 256 }), { maxItems: 100 }),
  /** The lowest version above them that is not affected. */
  fixed: Type.Optional(Type.String({ maxLength: 256 })),
  summary: Type.String({ maxLength: 2048 }),
  foundAt: Type.String(),
});

export const topics = {
  'module.requested': ModuleRequested,
  'module.fetched': ModuleFetched,
  'module.published': ModulePublished,
  'module.rejected': ModuleRejected,
  'vulnerability.found': VulnerabilityFound,
} as const;

export type TopicName = keyof typeof topics;
export type Message<T extends TopicName> = Static<(typeof topics)[T]>;

/** Who reads what. A message is kept for each subscription of its topic, and for none when a topic has none. */
export const subscriptions = {
  processor: 'module.requested',
  validator: 'module.fetched',
  'ui-backend.published': 'module.published',
  'ui-backend.rejected': 'module.rejected',
  'discovery.published': 'module.published',
  'notifier.published': 'module.published',
  'notifier.rejected': 'module.rejected',
  'notifier.vulnerability': 'vulnerability.found',
} as const satisfies Record<string, TopicName>;

export type SubscriptionName = keyof typeof subscriptions;
export type SubscribedMessage<S extends SubscriptionName> = Message<(typeof subscriptions)[S]>;
