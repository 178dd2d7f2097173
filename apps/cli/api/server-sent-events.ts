/**
 * The text/event-stream format (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream):
 * takes a stream's text in whatever pieces it comes, and gives the data of each whole event. Ids and kinds are in our
 * events' data too, so only `data` is kept. Written here because the usual library publishes its TypeScript under the
 * export condition by which this repository finds its own.
 */
export class EventStreamReader {
  private rest = '';
  private data: string[] = [];
  private started = false;

  /** The data of the events that `text` completes. */
  read(text: string): readonly string[] {
    const whole: string[] = [];
    this.rest += this.started ? text : text.replace(/^\uFEFF/, '');
    this.started ||= text !== '';
    // A CR at the very end may be half of a CRLF: it stays until more comes.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) whole.push(this.data.join('\n'));
        this.data = [];
      } else if (line === 'data' || line.startsWith('data:')) {
        this.data.push(line.slice('data:'.length).replace(/^ /, ''));
      }
    }
    return whole;
  }
}
