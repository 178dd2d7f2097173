/** The plain sentences that a person sees when the server starts. */
import type { Configuration, DriverDecision, EmbeddedServices } from '@baykeeper/platform';
import type { AdminCredentials } from './admin-credentials.js';

export function renderDrivers({ compute, loadBalancer, reason }: DriverDecision): string[] {
  return [
    compute === 'local'
      ? `  machines       real ones, as containers on this machine: ${reason}`
      : `  machines       SIMULATED, no real machine is made: ${reason}`,
    loadBalancer === 'haproxy' ? '  load balancer  HAProxy' : '  load balancer  SIMULATED, nothing is really balanced',
  ];
}

export function renderServices(services: EmbeddedServices): string[] {
  return [
    `  database       ${services.databaseUrl === null ? 'the one at DATABASE_URL' : `embedded ${services.databaseDescription}`}`,
    `  queue          ${services.redisUrl === null ? 'the one at REDIS_URL' : `embedded ${services.redisDescription}`}`,
  ];
}

export function renderReady(facts: {
  readonly configuration: Pick<
    Configuration,
    'publicUrl' | 'bind' | 'port' | 'nodePort' | 'keystoneUrl' | 'adminProject' | 'adminProjectDomain'
  >;
  /** Null with another Keystone. */
  readonly credentials: AdminCredentials | null;
  readonly seconds: number;
}): string[] {
  const { configuration, credentials, seconds } = facts;
  const { publicUrl, bind, port, nodePort } = configuration;
  return [
    `Baykeeper is ready after ${seconds.toFixed(1)} s.`,
    `  API, dashboard ${publicUrl} (listens on ${bind.includes(':') ? `[${bind}]` : bind}:${port})`,
    `  nodes report   to port ${nodePort}`,
    ...renderIdentity(configuration, credentials),
    '  stop           Ctrl-C here, or script/stop',
  ];
}

function renderIdentity(
  { keystoneUrl, adminProject, adminProjectDomain }: Parameters<typeof renderReady>[0]['configuration'],
  credentials: AdminCredentials | null,
): string[] {
  if (credentials === null) {
    return [
      `  identity       the Keystone at ${keystoneUrl ?? ''}`,
      `  administrator  whoever is admin in its project ${adminProject} (domain ${adminProjectDomain}), or of its system`,
    ];
  }
  const { generated, password, file } = credentials;
  return [
    '  identity       our own',
    generated
      ? `  administrator  admin, password ${password} (shown this once, kept in ${file})`
      : `  administrator  admin, password in ${file}`,
  ];
}
