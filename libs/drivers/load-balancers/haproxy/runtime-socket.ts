/** HAProxy's runtime API on its stats socket (management guide, "Unix Socket commands"). */
import { connect } from 'node:net';
import { unavailable } from './haproxy.errors.js';

const TIMEOUT_MS = 5_000;

/** Sends commands, one answer back per command. Command texts hold only checked names and numbers. */
export async function askRuntime(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let answer = '';
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(unavailable('The load balancer does not answer. It is tried again.', error));
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      fail(new Error('no answer in time'));
    });
    socket.on('error', fail);
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on('end', () => {
      resolve(answer.trim());
    });
    socket.end(`${command}\n`);
  });
}

export interface LiveServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Reads `show servers state`: version line, header with names, a line per server. */
export function parseServersState(text: string): readonly LiveServer[] {
  const lines = text.split('\n');
  const header = lines.find((line) => line.startsWith('# '));
  const columns = header?.slice(2).split(' ') ?? [];
  const at = (fields: readonly string[], column: string): string => fields[columns.indexOf(column)] ?? '';
  return lines
    .filter((line) => /^\d+ \S/.test(line))
    .map((line) => line.split(' '))
    .map((fields) => ({
      backend: at(fields, 'be_name'),
      name: at(fields, 'srv_name'),
      address: at(fields, 'srv_addr'),
      port: Number(at(fields, 'srv_port')),
    }));
}

export interface ServerStatus {
  readonly backend: string;
  readonly name: string;
  /** `UP`, `DOWN`, `MAINT`, `UP 1/2`, `no check`, … */
  readonly status: string;
  readonly currentSessions: number;
}

/** Reads `show stat` (CSV, header line begins with `# `). No field that we read is ever quoted. */
export function parseStatistics(text: string): readonly ServerStatus[] {
  const [header = '', ...rows] = text.split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const at = (fields: readonly string[], column: string): string => fields[columns.indexOf(column)] ?? '';
  return rows
    .map((row) => row.split(','))
    .filter((fields) => fields.length > 2 && !['FRONTEND', 'BACKEND'].includes(at(fields, 'svname')))
    .map((fields) => ({
      backend: at(fields, 'pxname'),
      name: at(fields, 'svname'),
      status: at(fields, 'status'),
      currentSessions: Number(at(fields, 'scur') || 0),
    }));
}
