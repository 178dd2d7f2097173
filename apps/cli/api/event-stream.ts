import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { sleep } from '../waiting/abort.js';
import { bayPath } from './bays.js';
import { UnreadableAnswer } from './json-reader.js';
import { EventStreamReader } from './server-sent-events.js';
import { readEvent, type EventBody } from './wire.js';

export interface FollowOptions {
  /** The number of the last event already seen; 0 starts at the beginning. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** Told why a connection broke, once per interruption. The service ending a stream in good order is none. */
  readonly onInterruption: (reason: string) => void;
  readonly silenceMs?: number;
  readonly firstPauseMs?: number;
}

/** The service sends a comment every 15 s, so three missed ones mean that the connection is dead. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * A bay's events as they happen, by Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * A connection that ends, fails or falls silent is opened again with `Last-Event-ID`, so none is lost or told twice.
 * Ends without an error when the bay is gone, or when `signal` fires. A refusal other than that is thrown.
 */
export async function* followEvents(session: Session, uuid: string, options: FollowOptions): AsyncGenerator<EventBody> {
  const firstPause = options.firstPauseMs ?? FIRST_PAUSE_MS;
  let last = options.after;
  const connection = { everOpen: false };
  let interrupted = false;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    let reason: string | null = null;
    try {
      const onOpen = (): void => {
        connection.everOpen = true;
      };
      for await (const event of readStream(session, uuid, last, options, onOpen)) {
        interrupted = false;
        pause = firstPause;
        if (event.sequence <= last) continue;
        last = event.sequence;
        yield event;
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof CommandFailure) {
        if (error.code === 'not-found' && connection.everOpen) return;
        const passing = error.code === 'cannot-connect' || (error.httpStatus ?? 0) >= 500;
        if (!passing || !connection.everOpen) throw error;
        reason = error.message;
      } else {
        reason = 'the connection was cut';
      }
    }
    if (options.signal.aborted) return;
    if (reason !== null && !interrupted) {
      options.onInterruption(reason);
      interrupted = true;
    }
    await sleep(pause, options.signal);
  }
}

async function* readStream(
  session: Session,
  uuid: string,
  last: number,
  options: FollowOptions,
  onOpen: () => void,
): AsyncGenerator<EventBody> {
  const silence = new AbortController();
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const timer = setTimeout(() => {
    silence.abort();
  }, silenceMs);
  try {
    const answer = await session.call(`/bays/${bayPath(uuid)}/events?after=${last}`, {
      accept: 'text/event-stream',
      headers: last > 0 ? { 'Last-Event-ID': String(last) } : {},
      timeoutMs: null,
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    onOpen();
    const reader = new EventStreamReader();
    const decoder = new TextDecoder();
    for await (const chunk of answer.pieces()) {
      timer.refresh();
      const text = decoder.decode(chunk, { stream: true });
      for (const data of reader.read(text)) yield eventFrom(data);
    }
  } finally {
    clearTimeout(timer);
  }
}

function eventFrom(data: string): EventBody {
  try {
    return readEvent(JSON.parse(data), 'event');
  } catch (error) {
    if (!(error instanceof UnreadableAnswer || error instanceof SyntaxError)) throw error;
    throw new CommandFailure(
      'unexpected',
      `An event can't be understood (${error.message}). Does this version of bay fit the service's?`,
    );
  }
}
