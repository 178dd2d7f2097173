/**
 * Follows what happens in the project (Server-Sent Events). By `fetch` and not by the browser's EventSource: that one hides
 * why a stream was refused, and gives up for good on any refusal.
 */
export interface StreamEnds {
  /** Something happened. */
  readonly told: () => void;
  readonly opened: () => void;
  /** The stream broke or was refused; it is opened again by itself. */
  readonly broken: () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The server says something every 15 seconds. */
const SILENCE_MS = 45_000;

/** @returns ends it */
export function followProject({ told, opened, broken }: StreamEnds): () => void {
  const ended = new AbortController();
  const isEnded = (): boolean => ended.signal.aborted;
  let last: string | null = null;
  const follow = async (): Promise<void> => {
    for (let pause = FIRST_PAUSE_MS; !isEnded(); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const silence = new AbortController();
      let timer = setTimeout(() => {
        silence.abort();
      }, SILENCE_MS);
      try {
        const response = await fetch(`/v1/events${last === null ? '' : `?after=${last}`}`, {
          credentials: 'same-origin',
          headers: { Accept: 'text/event-stream' },
          signal: AbortSignal.any([ended.signal, silence.signal]),
        });
        if (!response.ok || response.body === null) throw new Error(String(response.status));
        opened();
        pause = FIRST_PAUSE_MS;
        // Nobody knows what was missed before the first stream was open.
        told();
        for await (const block of blocksOf(response.body)) {
          clearTimeout(timer);
          timer = setTimeout(() => {
            silence.abort();
          }, SILENCE_MS);
          last = /^id: (\S+)$/m.exec(block)?.[1] ?? last;
          if (/^data:/m.test(block)) told();
        }
      } catch {
        // Whatever it was: what was told last is known, so nothing is missed.
      } finally {
        clearTimeout(timer);
      }
      if (isEnded()) return;
      broken();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  void follow();
  return () => {
    ended.abort();
  };
}

/** What stands between two empty lines. */
async function* blocksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks;
  }
}
