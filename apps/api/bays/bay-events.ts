/**
 * What happened to a bay, as a list and as a stream (Server-Sent Events, as the HTML standard has them). The rows are the
 * truth; signals only make the stream look sooner. So a lost signal delays an event, and never loses one. A stream is
 * checked as a request is, whenever it looks: who may not ask any more is told nothing more.
 */
import { Readable } from 'node:stream';
import type { Bay, BayEvent, NodeId } from '@baykeeper/domain';
import { bayTopic, type Signals } from '@baykeeper/queue';
import { openWatch, type Watch } from '@baykeeper/services';
import type { Database } from '@baykeeper/storage';
import { timestamp } from '../http/timestamp.js';
import type { StreamOwner, TakeStream } from './stream-limit.js';

export const LARGEST_EVENT_PAGE = 1_000;

export interface StreamTimes {
  /** Looks without a signal after so long. */
  readonly pollMs: number;
  /** Silence after which a comment shows that the connection lives. */
  readonly heartbeatMs: number;
  /** The stream ends after it; its client comes back. */
  readonly longestMs: number;
}
/** Whoever follows a stream. */
export interface StreamViewer extends StreamOwner {
  /** Whether that one may still see the bay. */
  readonly mayGoOn: () => Promise<boolean>;
}

/** Whoever ends own tokens all the time shall not have all streams look all the time. */
const CHECK_AGAIN_MS = 500;
/** A client that has not read to the end by then is cut off. */
const LATE_MS = 60_000;

/** Milliseconds after which a client asks again, in place of its own default of seconds. */
const COME_BACK = 'retry: 500\n: this process ends, another one goes on\n\n';

export const STREAM_TIMES: StreamTimes = { pollMs: 2_000, heartbeatMs: 15_000, longestMs: 15 * 60_000 };

export class BayEvents {
  private readonly open = new Set<AbortController>();
  private readonly watches = new Set<Watch>();
  private nextCheck: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(
    private readonly database: Pick<Database, 'stores'>,
    private readonly signals: Pick<Signals, 'subscribe'>,
    private readonly takeStream: TakeStream,
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

  /**
   * Every event after `after`, and each new one as it comes, until the reader goes, may not go on, or the bay is gone.
   * @throws BaykeeperError `too-many-requests`
   */
  follow(bay: Bay, after: number, viewer: StreamViewer): Readable {
    const release = this.takeStream(viewer);
    const ended = new AbortController();
    const frames = this.frames(bay, after, viewer, ended.signal);
    const stream = new Readable({
      read() {
        frames.next().then(
          ({ done, value }) => this.push(done === true ? null : value),
          (error: unknown) => this.destroy(error instanceof Error ? error : new Error('the stream broke')),
        );
      },
      destroy(error, callback) {
        ended.abort();
        // It may be waiting for a reader that went.
        frames.return(undefined).catch(() => undefined);
        callback(error);
      },
    });
    const late = setTimeout(() => stream.destroy(), this.times.longestMs + LATE_MS);
    this.open.add(ended);
    stream.once('close', () => {
      clearTimeout(late);
      this.open.delete(ended);
      release();
    });
    return stream;
  }

  /** Looks soon whether those who follow may go on: for when tokens ended before their time. */
  checkAgain(): void {
    this.nextCheck ??= setTimeout(() => {
      this.nextCheck = null;
      for (const watch of this.watches) watch.wake();
    }, CHECK_AGAIN_MS);
  }

  /** Ends all streams and those that still come, when the server stops; their clients come back to another one. */
  close(): void {
    this.closed = true;
    if (this.nextCheck) clearTimeout(this.nextCheck);
    for (const ended of this.open) ended.abort();
  }

  private async *frames(
    bay: Bay,
    after: number,
    { mayGoOn }: StreamViewer,
    ended: AbortSignal,
  ): AsyncGenerator<string, undefined> {
    const watch = openWatch(this.signals, bayTopic(bay.id));
    this.watches.add(watch);
    const endAt = Date.now() + this.times.longestMs;
    let last = after;
    let quietSince = Date.now();
    try {
      yield ': connected\n\n';
      while (!this.closed && !ended.aborted && Date.now() < endAt) {
        if (!(await mayGoOn())) {
          yield ': the token has ended, or may not see this any more\n\n';
          return;
        }
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
      if (this.closed) yield COME_BACK;
    } finally {
      this.watches.delete(watch);
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
