/**
 * What happened to a bay, as a list and as a stream (Server-Sent Events, as the HTML standard has them). The rows are the
 * truth; signals only make the stream look sooner. So a lost signal delays an event, and never loses one.
 */
import { Readable } from 'node:stream';
import type { Bay, BayEvent, NodeId } from '@baykeeper/domain';
import { bayTopic, type Signals } from '@baykeeper/queue';
import { openWatch } from '@baykeeper/services';
import type { Database } from '@baykeeper/storage';
import { timestamp } from '../http/timestamp.js';

export const LARGEST_EVENT_PAGE = 1_000;

export interface StreamTimes {
  /** Looks without a signal after so long. */
  readonly pollMs: number;
  /** Silence after which a comment shows that the connection lives. */
  readonly heartbeatMs: number;
  /** The stream ends after it, so that a token is checked again when the client comes back. */
  readonly longestMs: number;
}
export const STREAM_TIMES: StreamTimes = { pollMs: 2_000, heartbeatMs: 15_000, longestMs: 15 * 60_000 };

export class BayEvents {
  private readonly open = new Set<AbortController>();

  constructor(
    private readonly database: Pick<Database, 'stores'>,
    private readonly signals: Pick<Signals, 'subscribe'>,
    private readonly times: StreamTimes = STREAM_TIMES,
  ) {}

  /** @param after sequence of the last event seen; 0 from the beginning */
  async list(bay: Bay, after: number, limit: number) {
    const { events, nodes } = this.database.stores;
    const scope = { projectId: bay.projectId };
    const found = await events.list(scope, bay.id, { after, limit });
    const names = new Map<NodeId, string>();
    if (found.some((event) => event.nodeId !== null)) {
      for (const node of await nodes.listByBay(scope, bay.id)) names.set(node.id, node.name);
    }
    return found.map((event) => eventBody(event, names));
  }

  /** Every event after `after`, and each new one as it comes, until the reader goes or the bay is gone. */
  follow(bay: Bay, after: number): Readable {
    const ended = new AbortController();
    const frames = this.frames(bay, after, ended.signal);
    const stream = new Readable({
      read() {
        frames.next().then(
          ({ done, value }) => this.push(done === true ? null : value),
          (error: unknown) => this.destroy(error instanceof Error ? error : new Error('the stream broke')),
        );
      },
      destroy(error, callback) {
        ended.abort();
        callback(error);
      },
    });
    this.open.add(ended);
    stream.once('close', () => {
      this.open.delete(ended);
    });
    return stream;
  }

  /** Ends all streams, when the server stops; their clients come back to another one. */
  close(): void {
    for (const ended of this.open) ended.abort();
  }

  private async *frames(bay: Bay, after: number, ended: AbortSignal): AsyncGenerator<string> {
    const watch = openWatch(this.signals, bayTopic(bay.id));
    const endAt = Date.now() + this.times.longestMs;
    let last = after;
    let quietSince = Date.now();
    try {
      yield ': connected\n\n';
      while (!ended.aborted && Date.now() < endAt) {
        const events = await this.list(bay, last, LARGEST_EVENT_PAGE);
        for (const event of events) {
          last = event.sequence;
          yield `id: ${event.sequence}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
        }
        if (events.length > 0) quietSince = Date.now();
        if (events.length === LARGEST_EVENT_PAGE) continue;
        if ((await this.database.stores.bays.get(bay.id)) === null) return;
        if (Date.now() - quietSince >= this.times.heartbeatMs) {
          quietSince = Date.now();
          yield ': still here\n\n';
        }
        await watch.next(this.times.pollMs, ended);
      }
    } finally {
      watch.close();
    }
  }
}

function eventBody(event: BayEvent, names: ReadonlyMap<NodeId, string>) {
  return {
    sequence: event.sequence,
    kind: event.kind,
    level: event.level,
    message: event.message,
    node: event.nodeId === null ? null : (names.get(event.nodeId) ?? null),
    node_uuid: event.nodeId,
    at: timestamp(event.at),
  };
}
