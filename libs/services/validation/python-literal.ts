/**
 * Reads what Magnum's clients send for a whole map in a JSON patch: the Python spelling of a dict, list or scalar
 * (`{'a': 'b', 'c': True}`), or JSON, which is nearly a subset. Grammar: Python's `ast.literal_eval`, without tuples,
 * sets, bytes, complex numbers and triple quotes.
 */
export type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['True', true],
  ['False', false],
  ['None', null],
  ['true', true],
  ['false', false],
  ['null', null],
]);
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '\\': '\\',
  '/': '/',
  "'": "'",
  '"': '"',
};
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z]+/y;
const SPACE = /\s*/y;
const CODE = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y;
/** Deeper nesting than any map of ours has. */
const MAXIMUM_DEPTH = 8;

/** @throws SyntaxError when `text` is no literal. */
export function parsePythonLiteral(text: string): Literal {
  const reader = new LiteralReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class LiteralReader {
  private at = 0;
  constructor(private readonly text: string) {}

  value(depth: number): Literal {
    if (depth > MAXIMUM_DEPTH) throw new SyntaxError('nested too deeply');
    this.match(SPACE);
    const next = this.text[this.at];
    if (next === '{') return this.map(depth);
    if (next === '[') return this.list(depth);
    if (next === '"' || next === "'") return this.string();
    const number = this.match(NUMBER);
    if (number !== null) return Number(number[0]);
    const word = this.match(WORD)?.[0] ?? '';
    if (word === 'u' && (this.text[this.at] === '"' || this.text[this.at] === "'")) return this.string();
    const value = WORDS.get(word);
    if (value === undefined) throw new SyntaxError('not a literal');
    return value;
  }

  end(): void {
    this.match(SPACE);
    if (this.at !== this.text.length) throw new SyntaxError('text after the literal');
  }

  private map(depth: number): ReadonlyMap<string, Literal> {
    const entries = new Map<string, Literal>();
    this.at += 1;
    while (!this.take('}')) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw new SyntaxError('a key that is no text');
      if (!this.take(':')) throw new SyntaxError('no colon after a key');
      entries.set(key, this.value(depth + 1));
      if (!this.take(',') && !this.peek('}')) throw new SyntaxError('no comma between entries');
    }
    return entries;
  }

  private list(depth: number): readonly Literal[] {
    const items: Literal[] = [];
    this.at += 1;
    while (!this.take(']')) {
      items.push(this.value(depth + 1));
      if (!this.take(',') && !this.peek(']')) throw new SyntaxError('no comma between items');
    }
    return items;
  }

  private string(): string {
    const quote = this.text[this.at];
    let result = '';
    this.at += 1;
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined || character === '\n') throw new SyntaxError('text without an end');
      this.at += 1;
      if (character === quote) return result;
      result += character === '\\' ? this.escape() : character;
    }
  }

  private escape(): string {
    const code = this.match(CODE);
    if (code !== null) {
      const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16);
      if (point > 0x10ffff) throw new SyntaxError('no such character');
      return String.fromCodePoint(point);
    }
    const character = this.text[this.at] ?? '';
    this.at += 1;
    // Python keeps the backslash of an escape it does not know.
    return ESCAPES[character] ?? `\\${character}`;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  private peek(character: string): boolean {
    this.match(SPACE);
    return this.text[this.at] === character;
  }

  private take(character: string): boolean {
    if (!this.peek(character)) return false;
    this.at += 1;
    return true;
  }
}
