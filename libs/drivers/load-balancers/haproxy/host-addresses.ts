/** The addresses and routes of this machine, through iproute2. */
import { createServer } from 'node:net';
import { parseNetwork, type Network } from './networks.js';
import { runProgram } from './run-program.js';

interface Route {
  readonly dst?: string;
}
interface Link {
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

/** Networks that routes or addresses use. A single address stands for its whole /24: it is another installation's pool. */
export async function observeUsedNetworks(): Promise<readonly Network[]> {
  const [routes, links] = await Promise.all([
    observe<Route>(['-json', '-4', 'route', 'show', 'table', 'all']),
    observe<Link>(['-json', '-4', 'address', 'show']),
  ]);
  const addresses = links
    .flatMap((link) => link.addr_info ?? [])
    .map(({ local = '', prefixlen = 32 }) => `${local}/${String(Math.min(prefixlen, 24))}`);
  return [...routes.map((route) => route.dst ?? ''), ...addresses]
    .map(parseNetwork)
    .filter((network) => network !== null);
}

/** Every address that some interface of this machine has. */
export async function observeAddresses(): Promise<ReadonlySet<string>> {
  const links = await observe<Link>(['-json', '-4', 'address', 'show']);
  return new Set(links.flatMap((link) => (link.addr_info ?? []).map(({ local = '' }) => local)));
}

/** @returns whether the address is on the loopback interface now. */
export async function ensureAddress(address: string): Promise<boolean> {
  return (await runProgram('ip', ['address', 'replace', `${address}/32`, 'dev', 'lo'])).exitCode === 0;
}

/** One that is not there is success. */
export async function removeAddress(address: string): Promise<void> {
  await runProgram('ip', ['address', 'del', `${address}/32`, 'dev', 'lo']);
}

/** Found out by trying: the right to set an address does not follow from the user's id. */
export async function maySetAddresses(): Promise<boolean> {
  const probe = '127.127.127.127';
  const may = await ensureAddress(probe);
  if (may) await removeAddress(probe);
  return may;
}

export type BindResult = 'free' | 'taken' | 'forbidden' | 'no-address';

/** Tries to listen there and lets go at once. Unlike HAProxy's own sockets this one does not share a port (SO_REUSEPORT). */
export function tryBind(address: string, port: number): Promise<BindResult> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') resolve('forbidden');
      else resolve(error.code === 'EADDRNOTAVAIL' ? 'no-address' : 'taken');
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      server.close(() => {
        resolve('free');
      });
    });
  });
}

async function observe<T>(args: readonly string[]): Promise<readonly T[]> {
  const { stdout } = await runProgram('ip', args);
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T[];
}
