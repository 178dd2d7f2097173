/**
 * Streams of events (Server-Sent Events, as the HTML standard has them). The rows are the truth; signals only make a stream
 * look sooner. So a lost signal delays an event, and never loses one. A stream is checked as a request is, whenever it
 * looks: who may not ask any more is told nothing more.
 */
import { Readable } from 'node:stream';
import type { Watch } from '@baykeeper/services';
import type { StreamOwner, TakeStream } from './stream-limit.js';

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
  /** Whether that one may still see what is streamed. */
  readonly mayGoOn: () => Promise<boolean>;
}

/** What a stream tells of. */
export interface EventSource {
  /** What signals of it wake. */
  readonly watch: Watch;
  /** Looks without a signal after so long, where that is sooner than for all. */
  readonly pollMs?: number;
  /** Text before the first event. */
  readonly beginning: string;
  /**
   * The next events as frames, after those that were given before.
   * @returns `isOver` when nothing will come any more; `isFull` when more may be there already
   */
  next(): Promise<{ readonly frames: readonly string[]; readonly isFull: boolean; readonly isOver: boolean }>;
}

/** Whoever ends own tokens all the time shall not have all streams look all the time. */
const CHECK_AGAIN_MS = 500;
/** A client that has not read to the end by then is cut off. */
const LATE_MS = 60_000;

/** Milliseconds after which a client asks again, in place of its own default of seconds. */
const COME_BACK = 'retry: 500\n: this process ends, another one goes on\n\n';

export const STREAM_TIMES: StreamTimes = { pollMs: 2_000, heartbeatMs: 15_000, longestMs: 15 * 60_000 };

export class EventStreams {
  private readonly open = new Set<AbortController>();
  private readonly watches = new Set<Watch>();
  private nextCheck: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(
    private readonly takeStream: TakeStream,
    private readonly times: StreamTimes = STREAM_TIMES,
  ) {}

  /**
   * Everything that the source tells, until the reader goes or may not go on, or it is over.
   * @param openSource only when the stream is granted
   * @throws BaykeeperError `too-many-requests`
   */
  follow(viewer: StreamViewer, openSource: () => EventSource): Readable {
    const release = this.takeStream(viewer);
    const ended = new AbortController();
    const frames = this.frames(openSource(), viewer, ended.signal);
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
    source: EventSource,
    { mayGoOn }: StreamViewer,
    ended: AbortSignal,
  ): AsyncGenerator<string, undefined> {
    const { watch, pollMs = Infinity } = source;
    this.watches.add(watch);
    const endAt = Date.now() + this.times.longestMs;
    let quietSince = Date.now();
    try {
      yield source.beginning;
      while (!this.closed && !ended.aborted && Date.now() < endAt) {
        if (!(await mayGoOn())) {
          yield ': the token has ended, or may not see this any more\n\n';
          return;
        }
        const { frames, isFull, isOver } = await source.next();
        yield* frames;
        if (frames.length > 0) quietSince = Date.now();
        if (isFull) continue;
        if (isOver) return;
        if (Date.now() - quietSince >= this.times.heartbeatMs) {
          quietSince = Date.now();
          yield ': still here\n\n';
        }
        await watch.next(Math.min(pollMs, this.times.pollMs), ended);
      }
      if (this.closed) yield COME_BACK;
    } finally {
      this.watches.delete(watch);
      watch.close();
    }
  }
}

/** A frame of a stream. @param id what a client comes back with in `Last-Event-ID` */
export function frameOf(id: string | number, kind: string, data: unknown): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}
