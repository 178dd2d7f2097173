/**
 * Every setting of the product, once: its environment variable, its form, its default and what it is for. The typed
 * configuration, the refusal of unknown names and `docs/configuration.md` all come from this table.
 */
import { z } from 'zod';

export interface Setting<Schema extends z.ZodType> {
  /** The environment variable. */
  readonly name: string;
  /** Reads the text of the variable; `undefined` (absent or empty) gives the default. */
  readonly schema: Schema;
  /** What follows "must be" in a refusal. */
  readonly form: string;
  /** How the default reads in the documentation. */
  readonly shownDefault: string;
  readonly unit?: string;
  readonly description: string;
  /** Never shown: not in a refusal, a log line or a dump of the configuration. */
  readonly secret?: true;
}

function setting<Schema extends z.ZodType>(facts: Setting<Schema>): Setting<Schema> {
  return facts;
}

function integer(name: string, from: number, to: number, value: number, description: string, unit?: string) {
  return setting({
    name,
    schema: z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number)
      .pipe(z.int().min(from).max(to))
      .default(value),
    form: `a whole number from ${from} to ${to}`,
    shownDefault: String(value),
    description,
    ...(unit === undefined ? {} : { unit }),
  });
}

function choice<const Values extends readonly [string, ...string[]]>(
  name: string,
  values: Values,
  value: NoInfer<Values[number]>,
  description: string,
) {
  return setting({
    name,
    schema: z.enum(values).default(value as never),
    form: `one of ${values.join(', ')}`,
    shownDefault: value,
    description,
  });
}

function text(name: string, value: string, description: string) {
  return setting({
    name,
    schema: z.string().max(255).default(value),
    form: 'at most 255 characters long',
    shownDefault: value,
    description,
  });
}

const CIDR_FORM = 'an IPv4 network such as 10.210.0.0/24';
const webUrl = z
  .url({ protocol: /^https?$/ })
  .transform((url) => url.replace(/\/+$/, ''))
  .optional();

function network(name: string, narrowest: number, shownDefault: string, description: string) {
  return setting({
    name,
    schema: z
      .cidrv4()
      .refine((text) => Number(text.split('/')[1]) >= 8 && Number(text.split('/')[1]) <= narrowest)
      .optional(),
    form: `${CIDR_FORM}, between /8 and /${narrowest}`,
    shownDefault,
    description,
  });
}

/** As a browser sends it. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function splitPair(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))];
}

export const SETTINGS = {
  // Where it listens.
  port: integer('BAYKEEPER_PORT', 1, 65_535, 9511, 'Port of the API and the dashboard.'),
  bind: setting({
    name: 'BAYKEEPER_BIND',
    schema: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
    form: 'an IP address of this machine (0.0.0.0 for all of them)',
    shownDefault: '127.0.0.1',
    description:
      'Address on which the API and the dashboard listen. They speak plain HTTP: put a proxy with TLS before them when they leave this machine.',
  }),
  publicUrl: setting({
    name: 'BAYKEEPER_PUBLIC_URL',
    schema: webUrl,
    form: 'an http:// or https:// URL',
    shownDefault: 'http://127.0.0.1:PORT',
    description: 'The URL under which clients reach the API; it is what the catalog of a token and every link name.',
  }),
  nodePort: integer(
    'BAYKEEPER_NODE_PORT',
    1,
    65_535,
    9512,
    'HTTPS port on which nodes report and join; listens on every address.',
  ),
  workerPort: integer(
    'BAYKEEPER_WORKER_PORT',
    0,
    65_535,
    0,
    'HTTP port (on BAYKEEPER_BIND) on which a worker that was started by itself answers `/healthz`, `/readyz` and `/metrics`; 0 for none. Workers of `script/server` need none: the API tells of them.',
  ),
  nodeUrl: setting({
    name: 'BAYKEEPER_NODE_URL',
    schema: webUrl,
    form: 'an https:// URL',
    shownDefault: "https://<gateway of the nodes' network>:NODE_PORT",
    description: 'The URL that nodes are told. Needed when nodes are not on this machine.',
  }),

  // What it keeps, and where.
  dataDirectory: setting({
    name: 'BAYKEEPER_DATA',
    schema: z.string().startsWith('/').max(1024).optional(),
    form: 'an absolute path',
    shownDefault: '/var/lib/baykeeper as root, else ~/.local/share/baykeeper',
    description: 'Everything that is kept: embedded databases, images, keys, logs.',
  }),
  imagesDirectory: setting({
    name: 'BAYKEEPER_IMAGES',
    schema: z.string().startsWith('/').max(1024).optional(),
    form: 'an absolute path',
    shownDefault: 'images in the data directory',
    description:
      'Root filesystems that local compute built. Installations of one machine may share a directory; a purge leaves a shared one alone.',
  }),
  artifactsDirectory: setting({
    name: 'BAYKEEPER_ARTIFACTS',
    schema: z.string().startsWith('/').max(1024).optional(),
    form: 'an absolute path',
    shownDefault: 'artifacts in the data directory',
    description:
      'The artifact mirror: programs and images that nodes of Kubernetes bays install (see kubernetes.md). Every process of one installation needs the same one.',
  }),
  artifactsUrl: setting({
    name: 'BAYKEEPER_ARTIFACTS_URL',
    schema: webUrl,
    form: 'an http:// or https:// URL',
    shownDefault: 'none; nodes ask the control plane',
    description:
      'A copy of the artifact mirror on a web server or in a bucket (`URL/blobs/<sha256>`), which nodes ask before they ask the control plane.',
  }),
  nodeCaFile: setting({
    name: 'BAYKEEPER_NODE_CA_FILE',
    schema: z.string().startsWith('/').max(1024).optional(),
    form: 'an absolute path',
    shownDefault: 'none',
    description:
      "PEM certificates of authorities that every node trusts besides its image's: that of a registry, a mirror or a proxy within a company. For nodes made from then on; workers read it when they start.",
  }),
  databaseUrl: setting({
    name: 'DATABASE_URL',
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\/\S+$/)
      .optional(),
    form: 'a postgres:// URL',
    shownDefault: 'an embedded PostgreSQL',
    description: 'PostgreSQL, 14 or newer. Without it the server runs a private one on a Unix socket.',
    secret: true,
  }),
  redisUrl: setting({
    name: 'REDIS_URL',
    schema: z
      .string()
      .regex(/^(rediss?|unix|redis\+sentinel|redis\+cluster):\/\/\S+$/)
      .optional(),
    form: 'a redis://, rediss://, unix://, redis+sentinel:// or redis+cluster:// URL',
    shownDefault: 'an embedded Redis',
    description:
      'Redis, 6.2 or newer: `redis://[:password@]host:6379/0`, `unix:///run/redis.sock`, `redis+sentinel://:password@host1:26379,host2:26379/mymaster` (with `?sentinelPassword=…` where the sentinels want one) or `redis+cluster://host1:6379,host2:6379`. Without it the server runs a private one on a Unix socket.',
    secret: true,
  }),

  // Secrets.
  adminPassword: setting({
    name: 'BAYKEEPER_ADMIN_PASSWORD',
    schema: z.string().min(8).max(512).optional(),
    form: 'between 8 and 512 characters long',
    shownDefault: 'generated at the first start, kept in admin-openrc',
    description: 'Password of the first administrator (project `admin`, user `admin`).',
    secret: true,
  }),
  masterKey: setting({
    name: 'BAYKEEPER_MASTER_KEY',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9+/]{43}=$/)
      .optional(),
    form: '32 bytes in base64 (openssl rand -base64 32)',
    shownDefault: 'a file of mode 0600, made at the first start',
    description:
      'Encrypts the private keys that the database holds. Every process of one installation needs the same one; whoever loses it loses those keys.',
    secret: true,
  }),

  // Another identity service instead of the own one.
  keystoneUrl: setting({
    name: 'BAYKEEPER_KEYSTONE_URL',
    schema: webUrl
      .refine((url) => url === undefined || /^https?:\/\/[^?#@]+$/.test(url))
      .transform((url) => url?.replace(/\/v3$/, '')),
    form: 'the http:// or https:// URL of a Keystone, without a user or a query',
    shownDefault: 'the own identity service',
    description:
      'A Keystone that says who somebody is, in place of the own identity service (see external-keystone.md). With or without `/v3` at the end.',
  }),
  keystonePublicUrl: setting({
    name: 'BAYKEEPER_KEYSTONE_PUBLIC_URL',
    schema: webUrl.transform((url) => url?.replace(/\/v3$/, '')),
    form: 'an http:// or https:// URL',
    shownDefault: 'BAYKEEPER_KEYSTONE_URL',
    description: 'The URL at which clients reach that Keystone: who comes without a token is sent there.',
  }),
  keystoneUser: text('BAYKEEPER_KEYSTONE_USER', 'baykeeper', 'The user as whom tokens are validated at the Keystone.'),
  keystonePassword: setting({
    name: 'BAYKEEPER_KEYSTONE_PASSWORD',
    schema: z.string().max(4096).optional(),
    form: 'at most 4096 characters long',
    shownDefault: 'none; needed with BAYKEEPER_KEYSTONE_URL',
    description: 'The password of that user.',
    secret: true,
  }),
  keystoneProject: text(
    'BAYKEEPER_KEYSTONE_PROJECT',
    'service',
    'The project in which that user has its role. It owns the public baymodels of the catalogue.',
  ),
  keystoneUserDomain: text('BAYKEEPER_KEYSTONE_USER_DOMAIN', 'Default', 'The name of the domain of that user.'),
  keystoneProjectDomain: text('BAYKEEPER_KEYSTONE_PROJECT_DOMAIN', 'Default', 'The same of that project.'),
  keystoneCaFile: setting({
    name: 'BAYKEEPER_KEYSTONE_CA_FILE',
    schema: z.string().startsWith('/').max(1024).optional(),
    form: 'an absolute path',
    shownDefault: 'what Node.js trusts',
    description:
      'Certificate authorities (PEM) that are trusted when the Keystone is asked over https://, in place of those.',
  }),
  keystoneTimeoutSeconds: integer(
    'BAYKEEPER_KEYSTONE_TIMEOUT_SECONDS',
    1,
    60,
    5,
    'How long the Keystone may take to answer.',
    'seconds',
  ),
  keystoneCacheSeconds: integer(
    'BAYKEEPER_KEYSTONE_CACHE_SECONDS',
    0,
    600,
    60,
    'How long an answer of the Keystone about a token is taken for true, and so how long a token may live on after it was revoked. 0 asks for every request.',
    'seconds',
  ),
  adminProject: text(
    'BAYKEEPER_ADMIN_PROJECT',
    'admin',
    'With another Keystone: the project whose admins run the installation.',
  ),
  adminProjectDomain: text('BAYKEEPER_ADMIN_PROJECT_DOMAIN', 'Default', 'The name of the domain of that project.'),

  // Drivers.
  compute: choice(
    'BAYKEEPER_COMPUTE',
    ['auto', 'local', 'simulated'],
    'auto',
    'Where machines come from. `auto` tries whether a bridge, an overlay mount and a container can be made here: then `local`, else `simulated`.',
  ),
  loadBalancer: choice(
    'BAYKEEPER_LOAD_BALANCER',
    ['auto', 'haproxy', 'simulated'],
    'auto',
    'What balances. `auto` is `haproxy` with local compute and `simulated` with simulated compute.',
  ),
  loadBalancerAddresses: network(
    'BAYKEEPER_LB_ADDRESSES',
    30,
    'a free network is picked and kept',
    'Addresses that load balancers get, one for each.',
  ),
  localSubnet: network(
    'BAYKEEPER_LOCAL_SUBNET',
    28,
    'a free network is picked and kept',
    'Network of the machines of local compute; its first address is the gateway.',
  ),

  quotaBays: integer(
    'BAYKEEPER_QUOTA_BAYS',
    0,
    1_000_000,
    20,
    'Bays that a project may have for which no quota was set.',
  ),
  quotaNodes: integer('BAYKEEPER_QUOTA_NODES', 0, 1_000_000_000, 1_000, 'The same for worker nodes.'),
  quotaMasters: integer('BAYKEEPER_QUOTA_MASTERS', 0, 1_000_000, 100, 'The same for masters.'),
  quotaBaymodels: integer(
    'BAYKEEPER_QUOTA_BAYMODELS',
    0,
    1_000_000,
    1_000,
    'The same for baymodels (cluster templates).',
  ),

  // Size and pace.
  apiProcesses: integer('BAYKEEPER_API_PROCESSES', 1, 64, 1, 'API processes; they share the ports.'),
  workerProcesses: integer('BAYKEEPER_WORKER_PROCESSES', 1, 64, 1, 'Worker processes.'),
  heapMegabytes: integer(
    'BAYKEEPER_HEAP_MEGABYTES',
    128,
    65_536,
    512,
    'What the JavaScript heap of each process may grow to. The smaller it is, the more carefully it grows.',
    'MiB',
  ),
  workerConcurrency: integer(
    'BAYKEEPER_WORKER_CONCURRENCY',
    1,
    1_000,
    16,
    'Jobs that one worker process handles at the same time.',
  ),
  shutdownDelaySeconds: integer(
    'BAYKEEPER_SHUTDOWN_DELAY_SECONDS',
    0,
    300,
    0,
    'How long an API process that is told to end still takes requests while `/readyz` says 503, so that a balancer before it sends its requests elsewhere. Longer than the balancer takes to notice; 0 where there is none.',
    'seconds',
  ),
  nodeBootTimeoutSeconds: integer(
    'BAYKEEPER_NODE_BOOT_TIMEOUT_SECONDS',
    10,
    86_400,
    600,
    'A node that has not joined after this long is replaced.',
    'seconds',
  ),
  nodeLostTimeoutSeconds: integer(
    'BAYKEEPER_NODE_LOST_TIMEOUT_SECONDS',
    10,
    86_400,
    300,
    'A node that was ready and that its cluster has missed for this long is replaced.',
    'seconds',
  ),
  createTimeoutMinutes: integer(
    'BAYKEEPER_CREATE_TIMEOUT_MINUTES',
    1,
    10_080,
    60,
    'A bay that is not complete after this long has failed, unless its request said otherwise.',
    'minutes',
  ),
  driverTimeoutSeconds: integer(
    'BAYKEEPER_DRIVER_TIMEOUT_SECONDS',
    1,
    86_400,
    900,
    'A call to a cloud, a load balancer or an engine that has not answered after this long has failed, and is made again. Building an image is the slowest of them.',
    'seconds',
  ),
  drainTimeoutSeconds: integer(
    'BAYKEEPER_DRAIN_TIMEOUT_SECONDS',
    0,
    86_400,
    120,
    'How long a node that is to go may take to hand its work over.',
    'seconds',
  ),
  sweepSeconds: integer(
    'BAYKEEPER_SWEEP_SECONDS',
    1,
    86_400,
    10,
    'How often bays that are not settled are looked at again, even if nothing woke them.',
    'seconds',
  ),
  settledSweepSeconds: integer(
    'BAYKEEPER_SETTLED_SWEEP_SECONDS',
    1,
    86_400,
    120,
    'The same for settled bays.',
    'seconds',
  ),
  orphanGraceSeconds: integer(
    'BAYKEEPER_ORPHAN_GRACE_SECONDS',
    0,
    604_800,
    300,
    'A machine or load balancer of ours that no bay owns is removed after this long.',
    'seconds',
  ),
  loginsPerMinute: integer(
    'BAYKEEPER_LOGINS_PER_MINUTE',
    0,
    1_000_000,
    300,
    'Logins by password or application credential that one address may try, right or wrong; a quarter of it at once. 0 is no limit. An IPv6 network of 64 bits counts as one address.',
    'per minute',
  ),
  loginsPerUserPerMinute: integer(
    'BAYKEEPER_LOGINS_PER_USER_PER_MINUTE',
    0,
    1_000_000,
    1_500,
    'The same for one user from all addresses together, but for those from which the user logged in lately. Keep it well above the limit of one address, so that no single one can use it up.',
    'per minute',
  ),
  requestsPerSecond: integer(
    'BAYKEEPER_REQUESTS_PER_SECOND',
    0,
    1_000_000,
    2_000,
    'Requests that one token may send to one API process. 0 is no limit.',
    'per second',
  ),
  streamsPerToken: integer(
    'BAYKEEPER_STREAMS_PER_TOKEN',
    0,
    1_000_000,
    32,
    'Streams of events that one token may follow at once at one API process. 0 is no limit.',
  ),
  streamsPerProject: integer(
    'BAYKEEPER_STREAMS_PER_PROJECT',
    0,
    1_000_000,
    256,
    'The same for all tokens of one project together.',
  ),
  trustedProxies: setting({
    name: 'BAYKEEPER_TRUSTED_PROXIES',
    schema: z
      .string()
      .transform((text) => text.split(',').map((entry) => entry.trim()))
      .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])))
      .default([]),
    form: 'addresses or networks, separated by commas',
    shownDefault: 'none',
    description:
      'Proxies before the API. What they say in X-Forwarded-For is taken for the address of the client, which the limits and the audit go by.',
  }),
  corsOrigins: setting({
    name: 'BAYKEEPER_CORS_ORIGINS',
    schema: z
      .string()
      .transform((text) => text.split(',').map((entry) => entry.trim()))
      .pipe(z.array(z.string().refine(isOrigin)))
      .default([]),
    form: 'origins such as https://panel.example:8443, without a path, separated by commas',
    shownDefault: 'none',
    description:
      'Origins whose pages may use the API from a browser (CORS). Pages that this API serves itself need none. There is no word for all origins.',
  }),
  tokenHours: integer('BAYKEEPER_TOKEN_HOURS', 1, 8_760, 12, 'How long a token is valid.', 'hours'),
  auditDays: integer('BAYKEEPER_AUDIT_DAYS', 1, 36_500, 365, 'How long it is kept who did what.', 'days'),
  logLevel: choice(
    'BAYKEEPER_LOG_LEVEL',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'The least severe log line that is written.',
  ),

  // Traces.
  otlpEndpoint: setting({
    name: 'BAYKEEPER_OTLP_ENDPOINT',
    schema: webUrl,
    form: 'an http:// or https:// URL',
    shownDefault: 'OTEL_EXPORTER_OTLP_ENDPOINT; without both nothing is traced',
    description:
      'An OpenTelemetry collector that takes OTLP over HTTP, for example `http://127.0.0.1:4318`: requests, jobs and calls to drivers are sent to it as traces.',
  }),
  otelEndpoint: setting({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: webUrl,
    form: 'an http:// or https:// URL',
    shownDefault: 'none',
    description: 'The same under the name that OpenTelemetry has for it.',
  }),
  otlpHeaders: setting({
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    schema: z
      .string()
      .regex(/^[^=,\s]+=[^,]*(,[^=,\s]+=[^,]*)*$/)
      .transform((text) => Object.fromEntries(text.split(',').map((pair) => splitPair(pair))))
      .optional(),
    form: 'name=value pairs, separated by commas',
    shownDefault: 'none',
    description: 'Headers for the collector, a key of access for one. Values are percent-encoded.',
    secret: true,
  }),
  traceRatio: setting({
    name: 'BAYKEEPER_TRACE_RATIO',
    schema: z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number)
      .pipe(z.number().min(0).max(1))
      .default(1),
    form: 'a number from 0 to 1',
    shownDefault: '1',
    description: 'Share of the traces that begin here which are recorded.',
  }),

  // The simulated drivers.
  simulatedLatencyMilliseconds: integer(
    'BAYKEEPER_SIMULATED_LATENCY_MS',
    0,
    3_600_000,
    500,
    'How long a simulated machine takes to run.',
    'milliseconds',
  ),
  simulatedFailureRate: setting({
    name: 'BAYKEEPER_SIMULATED_FAILURE_RATE',
    schema: z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number)
      .pipe(z.number().min(0).max(1))
      .default(0),
    form: 'a number from 0 to 1',
    shownDefault: '0',
    description: 'Share of calls to the simulated drivers that fail.',
  }),
  simulatedCapacity: integer(
    'BAYKEEPER_SIMULATED_CAPACITY',
    1,
    1_000_000,
    20_000,
    'Machines that simulated compute has room for.',
  ),
  simulatedFaults: setting({
    name: 'BAYKEEPER_SIMULATED_FAULTS',
    schema: z.string().startsWith('/').max(1024).optional(),
    form: 'an absolute path',
    shownDefault: 'none',
    description:
      'A JSON file that says what simulated machines and load balancers do wrong (see fault-tests.md); read again while the service runs. Other drivers refuse it.',
  }),
} as const;

export type SettingKey = keyof typeof SETTINGS;

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];
