/** Reads what HAProxy's runtime API answers (management guide, "Unix Socket commands" and "Master CLI"). Pure. */

export interface LiveServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Set aside by a command: no new connection goes there. */
  readonly isInMaintenance: boolean;
}

/** Reads `show servers state`: version line, header with names, a line per server. */
export function parseServersState(text: string): readonly LiveServer[] {
  const lines = text.split('\n');
  const columns =
    lines
      .find((line) => line.startsWith('# '))
      ?.slice(2)
      .split(' ') ?? [];
  const index = (column: string): number => columns.indexOf(column);
  const [backend, name, address, port, admin] = [
    index('be_name'),
    index('srv_name'),
    index('srv_addr'),
    index('srv_port'),
    index('srv_admin_state'),
  ];
  return lines
    .filter((line) => /^\d+ \S/.test(line))
    .map((line) => line.split(' '))
    .map((fields) => ({
      backend: fields[backend] ?? '',
      name: fields[name] ?? '',
      address: fields[address] ?? '',
      port: Number(fields[port] ?? 0),
      isInMaintenance: fields[admin] !== '0',
    }));
}

export interface Statistic {
  readonly proxy: string;
  /** `FRONTEND`, `BACKEND` or a server's name. */
  readonly name: string;
  /** `UP`, `DOWN`, `MAINT`, `UP 1/2`, `no check`, `OPEN`, … */
  readonly status: string;
  /** `INI` before the first result of a health check; `L4OK`, `L4CON`, … */
  readonly checkStatus: string;
  readonly currentSessions: number;
}

/** Reads `show stat` (CSV, header line begins with `# `). The fields that we read are never quoted. */
export function parseStatistics(text: string): readonly Statistic[] {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.startsWith('# '));
  if (header === -1) return [];
  const columns = (lines[header] ?? '').slice(2).split(',');
  const at = (fields: readonly string[], column: string): string => fields[columns.indexOf(column)] ?? '';
  return lines
    .slice(header + 1)
    .map((line) => line.split(','))
    .filter((fields) => fields.length > 2)
    .map((fields) => ({
      proxy: at(fields, 'pxname'),
      name: at(fields, 'svname'),
      status: at(fields, 'status'),
      checkStatus: at(fields, 'check_status'),
      currentSessions: Number(at(fields, 'scur') || 0),
    }));
}

export interface Session {
  /** What `shutdown session` takes. */
  readonly id: string;
  readonly backend: string;
  readonly server: string;
}

/** Reads `show sess`: a line per connection, `0x55d2ab592940: proto=tcpv4 src=… fe=… be=… srv=… …`. */
export function parseSessions(text: string): readonly Session[] {
  return [...text.matchAll(/^(0x[0-9a-f]+): .*? be=(\S+) srv=(\S+) /gm)].map(
    ([, id = '', backend = '', server = '']) => ({
      id,
      backend,
      server,
    }),
  );
}

export interface Processes {
  /** How often the master has reloaded, with and without success. */
  readonly reloads: number;
  /** Reloads that failed since the last that did not. */
  readonly failedReloads: number;
  readonly worker: number | null;
  /** Workers that reloads have replaced and that still carry connections. */
  readonly oldWorkers: readonly number[];
}

/** Reads the master's `show proc`. */
export function parseProcesses(text: string): Processes | null {
  const master = /^\d+\s+master\s+(\d+)(?: \[failed: (\d+)\])?/m.exec(text);
  if (!master) return null;
  const [current = '', old = ''] = text.split('# old workers');
  const pids = (part: string): number[] => [...part.matchAll(/^(\d+)\s+worker\s/gm)].map(([, pid]) => Number(pid));
  return {
    reloads: Number(master[1]),
    failedReloads: Number(master[2] ?? 0),
    worker: pids(current)[0] ?? null,
    oldWorkers: pids(old),
  };
}
