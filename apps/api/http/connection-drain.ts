/**
 * Lets go of the connections of an HTTP server without failing a request. Node's own `close` ends idle connections at
 * once, and a client that sends its next request at that moment loses it. Here every answer says first that it is the last
 * one of its connection; connections that stay unused for a while are ended after that.
 */
import { Server as NetServer } from 'node:net';
import type { Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';

export interface DrainTimes {
  /** How long an idle connection is still answered on. */
  readonly lingerMs: number;
  /** Requests under way are cut off after it. */
  readonly longestMs: number;
}

export class ConnectionDrain {
  private readonly answering = new Set<ServerResponse>();
  private announced = false;
  private lingered = false;

  /** Before the server takes its first request. */
  constructor(private readonly server: Server | TlsServer) {
    server.prependListener('request', (_request: unknown, response: ServerResponse) => {
      this.answering.add(response);
      response.once('close', () => {
        this.answering.delete(response);
        // Its headers may have said that the connection stays.
        if (this.lingered)
          setImmediate(() => {
            this.server.closeIdleConnections();
          });
      });
      if (this.announced) response.setHeader('Connection', 'close');
    });
  }

  /** From now on every answer ends its connection; new connections are still taken. */
  announce(): void {
    this.announced = true;
    for (const response of this.answering) if (!response.headersSent) response.setHeader('Connection', 'close');
  }

  /** Takes no new connections and resolves when the last one is gone. */
  async end({ lingerMs, longestMs }: DrainTimes): Promise<void> {
    this.announce();
    const { server } = this;
    if (!server.listening) return;
    await new Promise<void>((resolve) => {
      const linger = setTimeout(() => {
        this.lingered = true;
        server.closeIdleConnections();
      }, lingerMs);
      const late = setTimeout(() => {
        server.closeAllConnections();
      }, longestMs);
      // Without what `close` of an HTTP server does to idle connections.
      NetServer.prototype.close.call(server, () => {
        clearTimeout(linger);
        clearTimeout(late);
        resolve();
      });
    });
  }
}
