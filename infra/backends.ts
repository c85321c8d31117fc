import type { Input } from '@pulumi/pulumi';
import type { SubscriptionName, TopicName } from '../services/messaging/topics.ts';
import type { StoreName } from './cloud/storage.ts';
import type { SecretName, ServiceName } from './services.ts';

/**
 * The seam between cloud and cluster: all that the workloads know of what stands behind them. infra/cloud makes it of
 * Google's services; a test makes it of emulators. Names and references only, never a secret's value.
 */
export interface Backends {
  /** Project of the stage, and the region that it runs in. */
  project: Input<string>;
  region: Input<string>;
  /** E-mail of each service's Google service account. */
  identities: Readonly<Record<ServiceName, Input<string>>>;
  storage: {
    /** What the buckets' names begin with: `STORAGE=gs://<base>`. */
    base: Input<string>;
    buckets: Readonly<Record<StoreName, Input<string>>>;
  };
  messaging: {
    /** `MESSAGING=pubsub:<project>` */
    project: Input<string>;
    topics: Readonly<Record<TopicName, Input<string>>>;
    subscriptions: Readonly<Record<SubscriptionName, Input<string>>>;
  };
  database: {
    /**
     * Cloud SQL's `project:region:instance`, behind an Auth Proxy beside each user; undefined where PostgreSQL is
     * reached as it is.
     */
    connectionName: Input<string> | undefined;
    /** Where its users find it: loopback with an Auth Proxy. */
    host: Input<string>;
    port: number;
    name: Input<string>;
    user: Input<string>;
    /** Addresses that the Auth Proxy, or the user itself, connects to. */
    range: Input<string>;
  };
  analytics: {
    /** `ANALYTICS=bigquery:<project>/<dataset>` */
    project: Input<string>;
    dataset: Input<string>;
    /** View of the downloads in it. */
    downloads: Input<string>;
  };
  images: {
    /** Before an image's name: `<region>-docker.pkg.dev/<project>/<repository>`. */
    prefix: Input<string>;
    /** What stands for `ghcr.io` in the images of third parties. */
    ghcr: Input<string>;
  };
  /** Versions in Secret Manager, `projects/<project>/secrets/<id>/versions/<version>`. */
  secrets: Readonly<Record<SecretName, Input<string>>>;
  edge: {
    /** Host names of the proxy, and of the page (which webhooks come to as well, under `/hooks/`). */
    proxyHost: string;
    pageHost: string;
    /** Names of the global address, the Certificate Manager map and the Cloud Armor policy that the Gateway refers to. */
    address: Input<string>;
    /** The address itself, which the load balancer adds to X-Forwarded-For. */
    ip: Input<string>;
    certificateMap: Input<string>;
    securityPolicy: Input<string>;
    /** Name of the TLS versions and ciphers that the Gateway takes. */
    tlsPolicy: Input<string>;
  };
  /** Prometheus' query interface, and the e-mail of the Google service account with which KEDA may ask it. */
  prometheus: { url: Input<string>; reader: Input<string> };
  /** Address ranges that Google's interfaces are reached by, without a way to the rest of the world. */
  googleApis: readonly Input<string>[];
}
