const BITS = 5;
const MASK = (1 << BITS) - 1;

/** Entries whose keys have the same hash hang in a chain, which is one long unless hashes collide. */
interface Leaf<V> {
  readonly hash: number;
  readonly key: string;
  readonly value: V;
  readonly next: Leaf<V> | undefined;
}

interface Branch<V> {
  /** Which of the 32 children there are. */
  readonly bitmap: number;
  readonly children: readonly Node<V>[];
}

type Node<V> = Leaf<V> | Branch<V>;

/**
 * An immutable map from text: `set` and `delete` return a new one that shares all but a few nodes with the old, so
 * holding on to an old state costs next to nothing and nothing can change under its reader. A hash array mapped trie
 * with 32 branches (Bagwell, Ideal Hash Trees, 2001).
 */
export class PersistentMap<V extends string | number | boolean | object> {
  readonly size: number;
  readonly #root: Node<V> | undefined;
  readonly #hash: (key: string) => number;

  private constructor(root: Node<V> | undefined, size: number, hash: (key: string) => number) {
    this.#root = root;
    this.size = size;
    this.#hash = hash;
  }

  /** @param hash 32 bits of a key; given by tests that want collisions */
  static empty<V extends string | number | boolean | object>(hash: (key: string) => number = fnv1a): PersistentMap<V> {
    return new PersistentMap<V>(undefined, 0, hash);
  }

  get(key: string): V | undefined {
    const hash = this.#hash(key);
    let node = this.#root;
    for (let shift = 0; node !== undefined && 'bitmap' in node; shift += BITS) {
      const bit = bitOf(hash, shift);
      node = (node.bitmap & bit) === 0 ? undefined : node.children[indexOf(node.bitmap, bit)];
    }
    for (let leaf = node; leaf !== undefined; leaf = leaf.next) if (leaf.key === key) return leaf.value;
    return undefined;
  }

  set(key: string, value: V): PersistentMap<V> {
    const added = this.get(key) === undefined ? 1 : 0;
    const leaf = { hash: this.#hash(key), key, value, next: undefined };
    return new PersistentMap(inserted(this.#root, leaf, 0), this.size + added, this.#hash);
  }

  /** The same map when `key` is not in it. */
  delete(key: string): PersistentMap<V> {
    if (this.#root === undefined || this.get(key) === undefined) return this;
    return new PersistentMap(removed(this.#root, this.#hash(key), key, 0), this.size - 1, this.#hash);
  }

  /** All values, in no particular order. */
  values(): V[] {
    const values: V[] = [];
    if (this.#root !== undefined) collect(this.#root, values);
    return values;
  }
}

function inserted<V>(node: Node<V> | undefined, leaf: Leaf<V>, shift: number): Node<V> {
  if (node === undefined) return leaf;
  if (!('bitmap' in node)) {
    if (node.hash === leaf.hash) return { ...leaf, next: chainWithout(node, leaf.key) };
    // Two hashes in one place: one level deeper they may part.
    return inserted({ bitmap: bitOf(node.hash, shift), children: [node] }, leaf, shift);
  }
  const bit = bitOf(leaf.hash, shift);
  const index = indexOf(node.bitmap, bit);
  const children = [...node.children];
  if ((node.bitmap & bit) === 0) children.splice(index, 0, leaf);
  else children[index] = inserted(children[index], leaf, shift + BITS);
  return { bitmap: node.bitmap | bit, children };
}

function removed<V>(node: Node<V>, hash: number, key: string, shift: number): Node<V> | undefined {
  if (!('bitmap' in node)) return chainWithout(node, key);
  const bit = bitOf(hash, shift);
  const index = indexOf(node.bitmap, bit);
  const child = node.children[index];
  const rest = child === undefined ? undefined : removed(child, hash, key, shift + BITS);
  const children = [...node.children];
  if (rest === undefined) children.splice(index, 1);
  else children[index] = rest;
  const [only] = children;
  // A lone leaf moves up; a lone branch stays, as its place says which bits its hashes share.
  if (only === undefined || (children.length === 1 && !('bitmap' in only))) return only;
  return { bitmap: rest === undefined ? node.bitmap & ~bit : node.bitmap, children };
}

function chainWithout<V>(leaf: Leaf<V> | undefined, key: string): Leaf<V> | undefined {
  if (leaf === undefined) return undefined;
  if (leaf.key === key) return leaf.next;
  return { ...leaf, next: chainWithout(leaf.next, key) };
}

function collect<V>(node: Node<V>, values: V[]): void {
  if ('bitmap' in node) for (const child of node.children) collect(child, values);
  else for (let leaf: Leaf<V> | undefined = node; leaf !== undefined; leaf = leaf.next) values.push(leaf.value);
}

function bitOf(hash: number, shift: number): number {
  return 1 << ((hash >>> shift) & MASK);
}

/** How many children stand before the one of `bit`. */
function indexOf(bitmap: number, bit: number): number {
  let rest = bitmap & (bit - 1);
  rest -= (rest >>> 1) & 0x5555_5555;
  rest = (rest & 0x3333_3333) + ((rest >>> 2) & 0x3333_3333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

function fnv1a(key: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x0100_0193);
  return hash >>> 0;
}
