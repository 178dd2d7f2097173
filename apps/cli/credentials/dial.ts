import { connect, type TLSSocket } from 'node:tls';

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * `accepted`: the bay proved itself against its authority and took our certificate. `refused`: something answered, but
 * TLS failed on either side, so the credentials are not (or no longer) good. `unreachable`: nobody answered, which says
 * nothing about the credentials.
 */
export type DialResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Time for the whole dial, in milliseconds. */
const DIAL_MS = 2000;

/**
 * Tries credentials against the bay itself. In TLS 1.3 a server judges the client's certificate after the client already
 * counts itself connected (RFC 8446, section 2), so a request is sent and the first byte of an answer waited for.
 */
export async function dialBay(target: DialTarget, timeoutMs: number = DIAL_MS): Promise<DialResult> {
  return await new Promise((resolve) => {
    let reached = false;
    let socket: TLSSocket;
    try {
      socket = connect({
        host: target.host,
        port: target.port,
        ca: target.ca,
        cert: target.certificate,
        key: target.key,
        minVersion: 'TLSv1.2',
      });
    } catch (error) {
      // Files that are no PEM, or a key that is not the certificate's.
      resolve({ kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    const finish = (result: DialResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const fail = (reason: string): void => {
      finish({ kind: reached ? 'refused' : 'unreachable', reason });
    };
    const timer = setTimeout(() => {
      fail(`no answer within ${timeoutMs / 1000} s`);
    }, timeoutMs);
    socket.once('connect', () => {
      reached = true;
    });
    socket.once('secureConnect', () => {
      socket.write(`HEAD /_ping HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`);
    });
    socket.once('data', () => {
      finish({ kind: 'accepted' });
    });
    socket.once('error', (error: Error) => {
      fail(error.message);
    });
    socket.once('close', () => {
      fail('the connection was closed');
    });
  });
}
