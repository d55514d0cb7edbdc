/** What to look for in a JSON object: paths are `key` or `key.key` from the root, through objects only. */
export interface FieldRules {
  /** Values whose JSON text is kept, up to 64 KiB each. */
  readonly keep: ReadonlySet<string>;
  /** String values replaced by this JSON text. */
  readonly replace: ReadonlyMap<string, Buffer>;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MOST_KEPT_BYTES = 64 * 1024;

interface Watch {
  readonly path: string;
  readonly kind: 'string' | 'container' | 'scalar';
  readonly depth: number;
  /** The replacement: the value's own bytes are swallowed. */
  readonly replacement: Buffer | undefined;
  /** Where the value starts in the current piece. */
  from: number;
}

/**
 * Reads a JSON text in pieces cut anywhere, keeps the fields it was told to and replaces strings, without parsing,
 * reordering or reformatting the rest: every other byte comes out as it went in. A text that is not JSON passes unchanged.
 */
export class JsonFieldScanner {
  /** JSON text of the kept values; of a key that occurs twice the last, as JSON parsers have it. */
  readonly fields = new Map<string, string>();
  /** What the text is: an object, something else, or (nothing but white space so far) undefined. */
  root: 'object' | 'other' | undefined;
  /** Whether the root object has no member so far. */
  empty = true;

  readonly #rules: FieldRules;
  readonly #prefixes: ReadonlySet<string>;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #readingKey = false;
  /** By depth 1 and 2: whether the container is an object that matters, its current key and what comes next. */
  readonly #object = [false, false, false];
  readonly #keys = ['', '', ''];
  #next: 'key' | 'value' | 'other' = 'other';
  #watch: Watch | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;

  constructor(rules: FieldRules) {
    this.#rules = rules;
    const paths = [...rules.keep, ...rules.replace.keys()];
    this.#prefixes = new Set(paths.filter((path) => path.includes('.')).map((path) => path.split('.', 1)[0] ?? ''));
  }

  /** The next piece of the text; returns what comes out for it, which may end before a replaced value. */
  push(piece: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let emitted = 0;
    let keyFrom = 0;
    let backslash = -1;
    if (this.#watch !== undefined) this.#watch.from = 0;
    for (let at = 0; at < piece.length; at++) {
      if (this.#inString) {
        if (this.#escaped) {
          this.#escaped = false;
          continue;
        }
        const quote = piece.indexOf(QUOTE, at);
        if (backslash < at) {
          backslash = piece.indexOf(BACKSLASH, at);
          if (backslash === -1) backslash = Number.POSITIVE_INFINITY;
        }
        if (backslash < (quote === -1 ? piece.length : quote)) {
          at = backslash;
          this.#escaped = true;
          continue;
        }
        if (quote === -1) break;
        at = quote;
        this.#inString = false;
        if (this.#readingKey) {
          this.#keep(piece.subarray(keyFrom, at + 1));
          this.#keys[this.#depth] = this.#takeKey();
          this.#readingKey = false;
        } else if (this.#watch?.kind === 'string' && this.#watch.depth === this.#depth) {
          emitted = this.#endWatch(piece, at + 1, emitted, out);
        }
        continue;
      }
      const byte = piece[at];
      switch (byte) {
        case QUOTE:
          this.#inString = true;
          if (this.#next === 'key') {
            this.#readingKey = true;
            keyFrom = at;
            if (this.#depth === 1) this.empty = false;
          } else {
            emitted = this.#startValue('string', piece, at, emitted, out);
          }
          break;
        case 0x7b: // {
        case 0x5b: // [
          emitted = this.#startValue('container', piece, at, emitted, out);
          this.#open(byte === 0x7b);
          break;
        case 0x7d: // }
        case 0x5d: // ]
          emitted = this.#endScalar(piece, at, emitted, out);
          this.#close();
          if (this.#watch?.kind === 'container' && this.#watch.depth === this.#depth) {
            emitted = this.#endWatch(piece, at + 1, emitted, out);
          }
          break;
        case 0x2c: // ,
          emitted = this.#endScalar(piece, at, emitted, out);
          this.#next = this.#tracked() ? 'key' : 'other';
          break;
        case 0x3a: // :
          this.#next = this.#tracked() ? 'value' : 'other';
          break;
        case 0x20:
        case 0x09:
        case 0x0a:
        case 0x0d:
          emitted = this.#endScalar(piece, at, emitted, out);
          break;
        default:
          emitted = this.#startValue('scalar', piece, at, emitted, out);
      }
    }
    if (this.#readingKey) this.#keep(piece.subarray(keyFrom));
    if (this.#watch !== undefined) this.#keep(piece.subarray(this.#watch.from));
    const swallowing = this.#watch?.replacement !== undefined;
    const until = swallowing && this.#watch !== undefined ? this.#watch.from : piece.length;
    if (until > emitted) out.push(piece.subarray(emitted, until));
    return out;
  }

  /** What is still held when the text ends inside a replaced value. */
  end(): Buffer[] {
    const held = this.#watch?.replacement === undefined ? [] : this.#kept;
    this.#watch = undefined;
    this.#kept = [];
    return held;
  }

  #tracked(): boolean {
    return this.#depth <= 2 && this.#object[this.#depth] === true;
  }

  #open(isObject: boolean): void {
    this.#depth += 1;
    if (this.#depth === 1) this.root = isObject ? 'object' : 'other';
    if (this.#depth <= 2) {
      const matters = this.#depth === 1 || (this.#object[1] === true && this.#prefixes.has(this.#keys[1] ?? ''));
      this.#object[this.#depth] = isObject && matters;
    }
    this.#next = this.#tracked() ? 'key' : 'other';
  }

  #close(): void {
    this.#depth = Math.max(0, this.#depth - 1);
    this.#next = 'other';
  }

  #startValue(kind: Watch['kind'], piece: Buffer, at: number, emitted: number, out: Buffer[]): number {
    if (this.#depth === 0 && this.root === undefined) this.root = 'other';
    if (this.#next !== 'value') return emitted;
    this.#next = 'other';
    if (this.#watch !== undefined) return emitted;
    const path = this.#depth === 1 ? (this.#keys[1] ?? '') : `${this.#keys[1]}.${this.#keys[2]}`;
    const replacement = kind === 'string' ? this.#rules.replace.get(path) : undefined;
    if (replacement === undefined && !this.#rules.keep.has(path)) return emitted;
    this.#watch = { path, kind, depth: this.#depth, replacement, from: at };
    if (replacement === undefined) return emitted;
    if (at > emitted) out.push(piece.subarray(emitted, at));
    return at;
  }

  #endScalar(piece: Buffer, at: number, emitted: number, out: Buffer[]): number {
    const watch = this.#watch;
    return watch?.kind === 'scalar' && watch.depth === this.#depth ? this.#endWatch(piece, at, emitted, out) : emitted;
  }

  #endWatch(piece: Buffer, until: number, emitted: number, out: Buffer[]): number {
    const watch = this.#watch;
    if (watch === undefined) return emitted;
    this.#keep(piece.subarray(watch.from, until));
    const whole = this.#keptBytes <= MOST_KEPT_BYTES;
    const text = this.#takeKept();
    if (whole && this.#rules.keep.has(watch.path)) this.fields.set(watch.path, text);
    this.#watch = undefined;
    if (watch.replacement === undefined) return emitted;
    out.push(watch.replacement);
    return until;
  }

  #keep(bytes: Buffer): void {
    this.#keptBytes += bytes.length;
    if (this.#keptBytes <= MOST_KEPT_BYTES) this.#kept.push(bytes);
  }

  #takeKept(): string {
    const text = Buffer.concat(this.#kept).toString('utf8');
    this.#kept = [];
    this.#keptBytes = 0;
    return text;
  }

  /** The key without its quotes, escapes resolved; a key that is too long or no JSON string matches nothing. */
  #takeKey(): string {
    const text = this.#takeKept();
    if (!text.includes('\\')) return text.slice(1, -1);
    try {
      return String(JSON.parse(text));
    } catch (error) {
      if (error instanceof SyntaxError) return '';
      throw error;
    }
  }
}
